/**
 * A Redis that comes back without its last writes, from a file or as a replica, has forgotten orders that were sent, and
 * hands their intents out again. So an entry that was there before our connection to Redis is asked about at the venue,
 * by the client id under which it would be sent. An exit is not: it is proved by the position and can only reduce.
 */

import { FUTURE_MAX_MS } from "../contract/instant.ts";
import { clientOrderId } from "../exchange/client-order-id.ts";
import type { VenueOrder } from "../exchange/exchange.ts";
import { markOrderUnknown } from "../kernel/order-ledger.ts";
import { entryTimeMs } from "../redis/entry-time.ts";
import { bookFills } from "./book-fills.ts";
import type { Ending } from "./ending.ts";
import { type ExecutionParts, type Job, JobPostponed } from "./execution-parts.ts";
import { hasEnded, resolveAttempt, type SignedAttempt } from "./resolve-order.ts";

/** Of an intent whose ledger is gone, so many of the attempts that there was time for are asked about. */
const ATTEMPTS_MAX = 3;

/** By how much the entry, or its decision, is older than the connection to Redis (ms); negative: newer. */
function olderByMs(parts: ExecutionParts, { intent, source }: Job): number {
  return parts.redisSinceMs() - Math.min(entryTimeMs(source.entryId), intent.ts_ms);
}

/**
 * Whether Redis may have forgotten what became of it. What seems newer than the connection may be older: an engine's
 * clock, or a former primary's, may have been ahead of the one that the connection is dated by. A symbol that the venue
 * does not have has no orders, and gets none.
 */
export function mayBeForgotten(parts: ExecutionParts, job: Job): boolean {
  if (job.kind === "exit" || parts.exchange.rules(job.intent.symbol) === undefined) return false;
  return !(olderByMs(parts, job) < -FUTURE_MAX_MS);
}

/** An attempt that the venue has, whatever Redis knows of it. */
export interface Recalled extends SignedAttempt {
  readonly attempt: number;
  readonly order: VenueOrder;
}

/**
 * The order under the client id of an attempt, once it has ended; undefined: none was executed or will be. To be asked
 * before the ledger: what is waited for between receipt and submission may be received a second time, from another
 * entry, if Redis forgets again. Throws JobPostponed where Redis came back during the question: what was sent before
 * that, by whomever, it may have forgotten as well.
 */
export async function recallOrder(
  parts: ExecutionParts,
  job: Job,
  attempt: number,
): Promise<Recalled | undefined> {
  const sinceMs = parts.redisSinceMs();
  const recalled = await askVenue(parts, job, attempt);
  if (recalled === undefined && parts.redisSinceMs() !== sinceMs)
    throw new JobPostponed("Redis came back while the venue was asked");
  return recalled;
}

/**
 * Whoever sent it did so before our connection, so that its last possible arrival is known. There is another attempt
 * only where one was in doubt for its receive window, so an intent's age says how many there can be, beginning with
 * `attempt`. What seems newer than the connection is asked about once, and no answer holds it up.
 */
async function askVenue(parts: ExecutionParts, job: Job, attempt: number): Promise<Recalled | undefined> {
  const { recvWindowMs } = parts;
  const { intent_id: intentId, symbol, ts_ms: decidedMs } = job.intent;
  const connectedMs = parts.redis.serverNowMs() - parts.redisSinceMs();
  const signedAtMs = Math.floor(parts.exchange.serverNowMs() - connectedMs);
  if (olderByMs(parts, job) < 0) {
    const id = clientOrderId(intentId, attempt);
    const answer = await parts.exchange.queryOrder(symbol, id, job.kind);
    if (answer.kind !== "found") return undefined;
    const { order } = answer;
    if (hasEnded(order)) return { clientOrderId: id, signedAtMs, recvWindowMs, attempt, order };
  }
  const doubts = Math.floor((parts.redisSinceMs() - decidedMs) / recvWindowMs);
  const last = attempt + Math.min(Math.max(doubts, 0), ATTEMPTS_MAX - 1);
  for (let asked = attempt; asked <= last; asked += 1) {
    const signed = { clientOrderId: clientOrderId(intentId, asked), signedAtMs, recvWindowMs };
    const order = await resolveAttempt(parts, job, signed);
    if (order !== undefined) return { ...signed, attempt: asked, order };
  }
  return undefined;
}

/** The ending of such an order of which the ledger knows nothing but that its intent was received. */
export async function bookRecalled(parts: ExecutionParts, job: Job, forgotten: Recalled): Promise<Ending> {
  const { intent_id: intentId, symbol } = job.intent;
  const { attempt } = forgotten;
  parts.log.warn({ intent_id: intentId, symbol, attempt }, "the venue has an order that Redis forgot");
  const why = "forgotten";
  await markOrderUnknown(parts.redis, parts.keys, { intentId, owner: parts.owner, why, forgotten });
  return bookFills(parts, job, forgotten.order, { fresh: false, recalled: true });
}
