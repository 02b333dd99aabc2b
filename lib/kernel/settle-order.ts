import { type ExecutionResult, encodeResult } from "../contract/execution-result.ts";
import { deadLetterStreamOf, type Keys } from "../contract/keys.ts";
import { callFunction, type FunctionCaller, UnexpectedReplyError } from "./function-call.ts";
import { assertOurs, type IntentSource, type Owner } from "./order-ledger.ts";
import type { TerminalState } from "./order-states.ts";

/** What becomes of the position's plan with this settlement. */
export type PlanChange =
  | { readonly kind: "keep" | "delete" }
  | { readonly kind: "write"; readonly fields: Readonly<Record<string, string>> };

export interface DeadLetter {
  readonly reason: string;
  /** The entry as it was read. */
  readonly raw: string;
}

export interface Settlement {
  readonly intentId: string;
  readonly owner: Owner;
  readonly source: IntentSource;
  readonly state: TerminalState;
  readonly kind: "entry" | "exit";
  readonly result: ExecutionResult;
  /** Fields of the execution statistics to count; none holds a blank. */
  readonly counted: readonly string[];
  /** When it traded (venue's clock, epoch ms): stamps the symbol's last trade. */
  readonly tradedAtMs: number | undefined;
  readonly holdMinMs: number;
  readonly plan: PlanChange;
  /** Key suffix of the plan: the symbol, in hedge mode with `:LONG` or `:SHORT`. */
  readonly planSuffix: string;
  readonly deadLetter: DeadLetter | undefined;
  /** What became of the position's stop at the venue; undefined: nobody looked. */
  readonly stop?: "missing" | "settled" | undefined;
  /** An exit intent, encoded, that follows from this end. */
  readonly followUp?: string | undefined;
}

/** The result stream, and the one that older readers still follow; undefined when there are none. */
export interface ResultStreams {
  readonly canonical: string;
  readonly legacy: string | undefined;
}

/**
 * settle_v1: ends an intent: ledger, result, gate state, plan and acknowledgement in one atomic call. Returns
 * whether this call ended it (false: it had ended before). Throws OrderFencedError when it is not ours.
 * Safe to repeat after an unknown outcome.
 */
export async function settleOrder(
  caller: FunctionCaller,
  keys: Keys,
  streams: ResultStreams,
  settlement: Settlement,
): Promise<boolean> {
  const { result, source } = settlement;
  const fields = encodeResult(result);
  const plan = settlement.plan.kind === "write" ? Object.entries(settlement.plan.fields).flat() : [];
  const reply = await callFunction(caller, "settle_v1", {
    keys: [
      `${keys.orderLedgerPrefix}${settlement.intentId}`,
      keys.openOrders,
      source.stream,
      streams.canonical,
      streams.legacy ?? streams.canonical,
      deadLetterStreamOf(source.stream),
      `${keys.statsPrefix}execution`,
      keys.gateTrades,
      keys.gateInFlight,
      `${keys.gateLastTradePrefix}${result.symbol}`,
      `${keys.positionPlanPrefix}${settlement.planSuffix}`,
      keys.stopsMissing,
      keys.exitIntentStream,
    ],
    args: [
      settlement.intentId,
      settlement.owner,
      source.group,
      source.entryId,
      settlement.state,
      result.symbol,
      settlement.kind,
      settlement.counted.join(" "),
      settlement.stop ?? "",
      settlement.tradedAtMs === undefined ? "" : String(settlement.tradedAtMs),
      String(settlement.holdMinMs),
      settlement.plan.kind,
      settlement.deadLetter?.reason ?? "",
      settlement.deadLetter?.raw ?? "",
      settlement.followUp ?? "",
      String(fields.length),
      ...fields,
      ...plan,
    ],
  });
  assertOurs(settlement.intentId, reply);
  return settled("settle_v1", reply);
}

/**
 * settle_stray_v1: ends an entry that has no ledger of its own (it does not parse, or is a duplicate) with
 * its result. Returns whether this call did it.
 */
export async function settleStray(
  caller: FunctionCaller,
  streams: ResultStreams,
  stray: {
    readonly source: IntentSource;
    readonly result: ExecutionResult;
    readonly counted: string;
    readonly statsKey: string;
    readonly deadLetter: DeadLetter | undefined;
  },
): Promise<boolean> {
  const reply = await callFunction(caller, "settle_stray_v1", {
    keys: [
      stray.source.stream,
      streams.canonical,
      streams.legacy ?? streams.canonical,
      deadLetterStreamOf(stray.source.stream),
      stray.statsKey,
    ],
    args: [
      stray.source.group,
      stray.source.entryId,
      stray.counted,
      stray.deadLetter?.reason ?? "",
      stray.deadLetter?.raw ?? "",
      ...encodeResult(stray.result),
    ],
  });
  return settled("settle_stray_v1", reply);
}

function settled(name: string, reply: readonly string[]): boolean {
  if (reply[0] === "OK") return true;
  if (reply[0] === "SETTLED") return false;
  throw new UnexpectedReplyError(name, reply);
}
