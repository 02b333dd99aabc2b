import { blockedOrderId, type ExecutionResult } from "../../contract/execution-result.ts";
import type { Surroundings } from "../command-context.ts";
import { decideAndWait, outcomeText } from "../test-decision.ts";
import { GATE_ROWS, type GateRow, PROOF_PRICES, validTrade } from "./gate-rows.ts";
import type { ThrowAwayPipeline } from "./throw-away-pipeline.ts";

const DECIDED_WITHIN_MS = 20_000;

/** What became of a row. */
export interface RowProof {
  readonly what: string;
  readonly expected: string;
  readonly got: string;
  readonly orders: number;
  readonly holds: boolean;
}

/** Sends every row through the pipeline, one after the other, each from a clean slate of the gates. */
export async function proveGates(
  around: Surroundings,
  pipeline: ThrowAwayPipeline,
): Promise<readonly RowProof[]> {
  const proofs: RowProof[] = [];
  for (const row of GATE_ROWS) {
    if (around.signal.aborted) break;
    proofs.push(await proveRow(around, pipeline, row));
  }
  return proofs;
}

async function proveRow(around: Surroundings, pipeline: ThrowAwayPipeline, row: GateRow): Promise<RowProof> {
  const { redis, keys } = pipeline;
  const { clock, signal } = around;
  const stamps = Object.keys(PROOF_PRICES).map((symbol) => `${keys.gateLastTradePrefix}${symbol}`);
  await redis.command(["DEL", keys.gateTrades, keys.gateInFlight, ...stamps]);
  const send = (decision: Readonly<Record<string, unknown>>) =>
    decideAndWait({ redis, keys, clock, signal }, decision, DECIDED_WITHIN_MS);
  const named = { what: row.what, expected: expectationOf(row) };
  for (const symbol of row.before) {
    const outcome = await send(validTrade(symbol, clock.nowMs()));
    if (outcome.result?.status === "filled") continue;
    return { ...named, got: `${symbol} before it: ${outcomeText(outcome)}`, orders: 0, holds: false };
  }
  const ordersBefore = await pipeline.orderCount();
  const outcome = await send(validTrade("ETHUSDT", clock.nowMs(), row.change));
  const orders = (await pipeline.orderCount()) - ordersBefore;
  const got = outcome.result === undefined ? outcomeText(outcome) : endingOf(outcome.result);
  const wanted = row.ends === "filled" ? 1 : 0;
  return { ...named, got, orders, holds: got === named.expected && orders === wanted };
}

function expectationOf({ ends }: GateRow): string {
  if (ends === "filled") return "filled";
  return "held" in ends ? `gate_blocked ${ends.held}` : `denied ${ends.denied}`;
}

/** Status and, of what never became an order, the gate or reason by its id. */
function endingOf({ status, order_id: orderId }: ExecutionResult): string {
  const prefix = blockedOrderId("");
  return orderId.startsWith(prefix) ? `${status} ${orderId.slice(prefix.length)}` : status;
}
