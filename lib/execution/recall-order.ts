/**
 * A Redis that comes back without its last writes, from a file or as a replica, has forgotten orders that were sent, and
 * hands their intents out again. So an entry that was there before our connection to Redis is asked about at the venue,
 * by the client id under which it would be sent. An exit is not: it is proved by the position and can only reduce.
 */

import { clientOrderId } from "../exchange/client-order-id.ts";
import type { VenueOrder } from "../exchange/exchange.ts";
import { markOrderUnknown } from "../kernel/order-ledger.ts";
import { entryTimeMs } from "../redis/entry-time.ts";
import { bookFills } from "./book-fills.ts";
import type { Ending } from "./ending.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { resolveAttempt, type SignedAttempt } from "./resolve-order.ts";

/** Whether Redis may have forgotten what became of it: the entry itself, or its decision, is older than the connection. */
export function mayBeForgotten(parts: ExecutionParts, { kind, intent, source }: Job): boolean {
  const publishedMs = entryTimeMs(source.entryId);
  return kind === "entry" && !(Math.min(publishedMs, intent.ts_ms) > parts.redisSinceMs());
}

/** An attempt that the venue has, whatever Redis knows of it. */
export interface Recalled extends SignedAttempt {
  readonly attempt: number;
  readonly order: VenueOrder;
}

/**
 * The order under an attempt's client id, once it has ended; undefined: it never was executed and never will be. Whoever
 * sent it did so before our connection, so that its last possible arrival is known. To be asked before the ledger: what
 * is waited for between receipt and submission may be received a second time, from another entry, if Redis forgets again.
 */
export async function recallOrder(
  parts: ExecutionParts,
  job: Job,
  attempt: number,
): Promise<Recalled | undefined> {
  const sinceMs = parts.redis.serverNowMs() - parts.redisSinceMs();
  const signed = {
    clientOrderId: clientOrderId(job.intent.intent_id, attempt),
    signedAtMs: Math.floor(parts.exchange.serverNowMs() - sinceMs),
    recvWindowMs: parts.recvWindowMs,
  };
  const order = await resolveAttempt(parts, job, signed);
  return order && { ...signed, attempt, order };
}

/** The ending of such an order of which the ledger knows nothing but that its intent was received. */
export async function bookRecalled(parts: ExecutionParts, job: Job, forgotten: Recalled): Promise<Ending> {
  const { intent_id: intentId, symbol } = job.intent;
  const { attempt } = forgotten;
  parts.log.warn({ intent_id: intentId, symbol, attempt }, "the venue has an order that Redis forgot");
  const why = "forgotten";
  await markOrderUnknown(parts.redis, parts.keys, { intentId, owner: parts.owner, why, forgotten });
  return bookFills(parts, job, forgotten.order, { fresh: false });
}
