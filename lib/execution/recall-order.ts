/**
 * A Redis that comes back without its last writes, from a file or as a replica, has forgotten orders that were sent, and
 * hands their intents out again. So an entry that was there before our connection to Redis is asked about at the venue,
 * by the client id under which it would be sent. An exit is not: it is proved by the position and can only reduce.
 */
import { clientOrderId } from "../exchange/client-order-id.ts";
import { markOrderUnknown } from "../kernel/order-ledger.ts";
import { bookFills } from "./book-fills.ts";
import type { Ending } from "./ending.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { resolveAttempt } from "./resolve-order.ts";

/** Whether Redis may have forgotten what became of it: the entry itself, or its decision, is older than the connection. */
export function mayBeForgotten(parts: ExecutionParts, { kind, intent, source }: Job): boolean {
  const publishedMs = Number.parseInt(source.entryId, 10);
  return kind === "entry" && !(Math.min(publishedMs, intent.ts_ms) > parts.redisSinceMs());
}

/**
 * The ending of an order that the venue has although the ledger does not know of this attempt; undefined: it never was
 * and never will be. Whoever sent it did so before our connection, so that its last possible arrival is known.
 */
export async function recallOrder(
  parts: ExecutionParts,
  job: Job,
  attempt: number,
): Promise<Ending | undefined> {
  const { intent_id: intentId, symbol } = job.intent;
  const sinceMs = parts.redis.serverNowMs() - parts.redisSinceMs();
  const signed = {
    clientOrderId: clientOrderId(intentId, attempt),
    signedAtMs: Math.floor(parts.exchange.serverNowMs() - sinceMs),
    recvWindowMs: parts.recvWindowMs,
  };
  const order = await resolveAttempt(parts, job, signed);
  if (order === undefined) return undefined;
  parts.log.warn({ intent_id: intentId, symbol, attempt }, "Redis had forgotten an order that the venue has");
  // Beyond the first attempt the ledger says UNKNOWN already.
  if (attempt === 1) {
    const forgotten = { ...signed, attempt };
    const why = "forgotten";
    await markOrderUnknown(parts.redis, parts.keys, { intentId, owner: parts.owner, why, forgotten });
  }
  return bookFills(parts, job, order, { fresh: false });
}
