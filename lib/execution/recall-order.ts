/**
 * A Redis that comes back without its last writes, from a file or as a replica, has forgotten orders that were sent, and
 * hands their intents out again. So an entry that was there before our connection to Redis is asked about at the venue,
 * by the client id under which it would be sent; an exit, too: one that is meant for a part would close more of its
 * position, and any other whatever has been opened since.
 */

import { FUTURE_MAX_MS } from "../contract/instant.ts";
import { clientOrderId } from "../exchange/client-order-id.ts";
import type { VenueOrder } from "../exchange/exchange.ts";
import { markOrderUnknown } from "../kernel/order-ledger.ts";
import { entryTimeMs } from "../redis/entry-time.ts";
import { askOnce } from "./ask-once.ts";
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
  if (parts.exchange.rules(job.intent.symbol) === undefined) return false;
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
 * that, by whomever, it may have forgotten as well. An exit waits for neither.
 */
export async function recallOrder(
  parts: ExecutionParts,
  job: Job,
  attempt: number,
): Promise<Recalled | undefined> {
  if (job.kind === "exit") return askAboutExit(parts, job, attempt);
  const sinceMs = parts.redisSinceMs();
  const recalled = await askVenue(parts, job, attempt);
  if (recalled === undefined && parts.redisSinceMs() !== sinceMs)
    throw new JobPostponed("Redis came back while the venue was asked");
  return recalled;
}

type Attempt = Omit<Recalled, "order">;

/**
 * The attempts that there may have been, beginning with `first`. Whoever sent one did so before our connection, so that
 * its last possible arrival is known. There is another only where one was in doubt for its receive window, so an
 * intent's age says how many there can be.
 */
function attemptsFrom(parts: ExecutionParts, { intent }: Job, first: number): readonly Attempt[] {
  const { recvWindowMs } = parts;
  // Redis' clock may have been set back since: no attempt was signed later than now.
  const connectedMs = Math.max(0, parts.redis.serverNowMs() - parts.redisSinceMs());
  const signedAtMs = Math.floor(parts.exchange.serverNowMs() - connectedMs);
  const doubts = Math.floor((parts.redisSinceMs() - intent.ts_ms) / recvWindowMs);
  const count = 1 + Math.min(Math.max(doubts, 0), ATTEMPTS_MAX - 1);
  return Array.from({ length: count }, (_, after) => {
    const attempt = first + after;
    return { attempt, clientOrderId: clientOrderId(intent.intent_id, attempt), signedAtMs, recvWindowMs };
  });
}

/** What seems newer than the connection is asked about once, and no answer holds it up. */
async function askVenue(parts: ExecutionParts, job: Job, first: number): Promise<Recalled | undefined> {
  const attempts = attemptsFrom(parts, job, first);
  const [attempt] = attempts;
  if (attempt !== undefined && olderByMs(parts, job) < 0) {
    const answer = await parts.exchange.queryOrder(job.intent.symbol, attempt.clientOrderId, job.kind);
    if (answer.kind !== "found") return undefined;
    if (hasEnded(answer.order)) return { ...attempt, order: answer.order };
  }
  for (const signed of attempts) {
    const order = await resolveAttempt(parts, job, signed);
    if (order !== undefined) return { ...signed, order };
  }
  return undefined;
}

/** All attempts at once, so that the exit is held up by one question at most. */
async function askAboutExit(parts: ExecutionParts, job: Job, first: number): Promise<Recalled | undefined> {
  const attempts = attemptsFrom(parts, job, first);
  const orders = await Promise.all(attempts.map((signed) => askOnce(parts, job, signed)));
  const found = attempts.flatMap((signed, at) => {
    const order = orders[at];
    return order === undefined ? [] : [{ ...signed, order }];
  });
  return found[0];
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
