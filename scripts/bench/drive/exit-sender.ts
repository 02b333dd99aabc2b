import { intentIdOf } from "../../../lib/contract/intent-id.ts";
import type { Keys } from "../../../lib/contract/keys.ts";
import { clientOrderId } from "../../../lib/exchange/client-order-id.ts";
import type { RedisEye } from "../../stack/redis-process.ts";
import { preciseNowMs } from "../measure/precise-now.ts";

/** The two ways of an exit to execution: the exit brain's own stream, and a decision through the router. */
export type ExitWay = "exit stream" | "through the router";
export const EXIT_WAYS: readonly ExitWay[] = ["exit stream", "through the router"];

/** When each exit set out, by way: client order id → epoch ms. */
export type ExitDepartures = Readonly<Record<ExitWay, Map<string, number>>>;

let sent = 0;

/**
 * Sends small exits of long positions at a rate, on the ways in turn, for as long as told. Each reduces by one unit,
 * so a position of a few thousand outlasts them all.
 */
export async function sendExits(
  sink: { readonly eye: RedisEye; readonly keys: Keys },
  symbols: readonly string[],
  pace: { readonly perSec: number; readonly forMs: number },
): Promise<ExitDepartures> {
  const departures: ExitDepartures = { "exit stream": new Map(), "through the router": new Map() };
  const startMs = performance.now();
  const count = Math.floor((pace.perSec * pace.forMs) / 1000);
  const appended: Promise<unknown>[] = [];
  for (let index = 0; index < count; index += 1) {
    await Bun.sleep(Math.max(0, startMs + (1000 * index) / pace.perSec - performance.now()));
    const way = EXIT_WAYS[index % EXIT_WAYS.length] ?? "exit stream";
    sent += 1;
    const exit = { traceId: `exit-${sent}`, symbol: symbols[sent % symbols.length] ?? "", action: "SELL" };
    departures[way].set(clientOrderId(exitIntentIdOf(exit), 1), preciseNowMs());
    appended.push(append(sink, way, exit));
  }
  await Promise.all(appended);
  return departures;
}

interface SmallExit {
  readonly traceId: string;
  readonly symbol: string;
  readonly action: string;
}

function exitIntentIdOf(exit: SmallExit): string {
  return intentIdOf({ ...exit, timestampMs: 0, strategy: undefined, entryPrice: undefined });
}

function append(
  { eye, keys }: { readonly eye: RedisEye; readonly keys: Keys },
  way: ExitWay,
  exit: SmallExit,
): Promise<unknown> {
  const nowMs = Date.now();
  const shape = { symbol: exit.symbol, quantity: "1", reduce_only: true, leverage: 1 };
  if (way === "through the router") {
    const payload = JSON.stringify({ ...shape, side: exit.action, timestamp: nowMs });
    const ids = ["correlation_id", exit.traceId, "trace_id", exit.traceId];
    return eye.command("XADD", keys.decisionStream, "*", "payload", payload, ...ids);
  }
  const document = {
    ...{ ...shape, intent_id: exitIntentIdOf(exit), correlation_id: exit.traceId, trace_id: exit.traceId },
    ...{ action: exit.action, source: "exit-brain", timestamp: new Date(nowMs).toISOString(), ts_ms: nowMs },
  };
  return eye.command("XADD", keys.exitIntentStream, "*", "data", JSON.stringify(document));
}
