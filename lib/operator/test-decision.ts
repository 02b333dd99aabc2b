import Big from "big.js";
import { decodeResult, type ExecutionResult } from "../contract/execution-result.ts";
import type { Keys } from "../contract/keys.ts";
import type { Clock } from "../daemon/clock.ts";
import { optionalTextReply } from "../redis/reply.ts";
import type { CommandContext } from "./command-context.ts";
import { entriesAfter, newestEntries } from "./read-streams.ts";

const POLL_MS = 20;

interface Source {
  readonly redis: Pick<CommandContext["redis"], "command">;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What became of a decision: `verdict` is the router's, `result` execution's; undefined when it was not in time. */
export interface DecisionOutcome {
  readonly traceId: string;
  readonly verdict: string | undefined;
  readonly result: ExecutionResult | undefined;
}

/**
 * Publishes a decision as an AI engine does, with ids of its own, and waits for what the router says of it and,
 * where it is admitted, for execution's result.
 */
export async function decideAndWait(
  source: Source,
  decision: Readonly<Record<string, unknown>>,
  waitMs: number,
): Promise<DecisionOutcome> {
  const { redis, keys, clock, signal } = source;
  const [newest] = await newestEntries(redis, keys.resultStream, 1);
  const traceId = crypto.randomUUID();
  const ids = ["correlation_id", `operator-${traceId}`, "trace_id", traceId];
  const payload = JSON.stringify(decision);
  const add = await redis.command(["XADD", keys.decisionStream, "*", "payload", payload, ...ids]);
  const verdictKey = `${keys.messageDedupPrefix}operator-${traceId}||${traceId}||${String(add)}`;
  const until = clock.monotonicMs() + waitMs;
  let after = newest?.id ?? "0-0";
  let verdict: string | undefined;
  while (clock.monotonicMs() < until && !signal.aborted) {
    verdict ??= optionalTextReply(await redis.command(["GET", verdictKey]));
    if (verdict !== undefined && verdict !== "ADMITTED") break;
    const page = await entriesAfter(redis, keys.resultStream, { id: after, count: 100 });
    for (const { id, fields } of page) {
      after = id;
      if (fields["trace_id"] === traceId) return { traceId, verdict, result: decodeResult(fields) };
    }
    if (page.length === 0) await clock.sleep(POLL_MS, signal);
  }
  return { traceId, verdict, result: undefined };
}

/** `FILLED 0.01 at 3500`, `TRADING_HALTED`, …: how it ended, in a few words. */
export function outcomeText({ verdict, result }: DecisionOutcome): string {
  if (result === undefined) {
    if (verdict === undefined) return "the router did not decide in time";
    return verdict === "ADMITTED" ? "admitted, without a result in time" : `denied by the router: ${verdict}`;
  }
  const filled = result.status === "filled" || result.status === "partial";
  if (filled) return `${result.status}: ${result.quantity} at ${new Big(result.entry_price).toFixed()}`;
  return `${result.status}: ${result.reason ?? result.order_id}`;
}
