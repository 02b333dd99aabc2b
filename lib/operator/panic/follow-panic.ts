import type { Keys } from "../../contract/keys.ts";
import { type PanicCompletion, type PanicEvent, panicCompletionSchema } from "../../contract/panic.ts";
import type { Clock } from "../../daemon/clock.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isRedisError } from "../../redis/redis-errors.ts";
import { listReply, optionalTextReply } from "../../redis/reply.ts";
import { decodeEntries } from "../../redis/stream-entry.ts";
import { type PanicWay, publishPanic } from "./publish-panic.ts";
import { readWorkerPanic } from "./worker-panic.ts";

const LOOK_EVERY_MS = 20;

/** What was seen, in the order in which it was seen. */
export type PanicSight =
  | PanicWay
  | { readonly kind: "halted"; readonly byEventId: string }
  | { readonly kind: "first-close" }
  | { readonly kind: "completion"; readonly completion: PanicCompletion };

export interface FollowParts {
  readonly redis: Pick<RedisConnection, "command">;
  readonly keys: Keys;
  readonly clock: Clock;
  /** The worker's admin address: it alone knows when the first order left, and how it ends without Redis. */
  readonly workerUrl: string;
  readonly waitMs: number;
  /** Aborts when whoever waits has had enough; what was seen stands. */
  readonly signal?: AbortSignal;
  /** Told of each sight with its time since the publication, ms, late by a look of 20 ms at most. */
  onSight(sight: PanicSight, atMs: number): void;
}

/**
 * Publishes the panic and follows it until it is flat, refused or joined, or until the wait is over. Returns the last
 * completion seen. Redis errors while following are waited out; the publication rejects as `publishPanic` does.
 */
export async function followPanic(
  parts: FollowParts & { readonly panicSocket?: string },
  event: PanicEvent,
): Promise<PanicCompletion | undefined> {
  const startedMs = parts.clock.monotonicMs();
  const after = (await quietly(() => lastCompletionId(parts))) ?? "0-0";
  const way = await publishPanic({ ...parts, panicSocket: parts.panicSocket }, event);
  parts.onSight(way, Math.round(parts.clock.monotonicMs() - startedMs));
  return awaitCompletion(parts, { eventId: event.event_id, after, startedMs });
}

/** Follows a panic that somebody has called; `after` is the last completion that is not its own. */
export async function awaitCompletion(
  parts: FollowParts,
  panic: { readonly eventId: string; readonly after: string; readonly startedMs: number },
): Promise<PanicCompletion | undefined> {
  const { clock, onSight } = parts;
  const sinceMs = () => Math.round(clock.monotonicMs() - panic.startedMs);
  const seen = { halted: false, closing: false };
  let { after } = panic;
  let last: PanicCompletion | undefined;
  const sees = (completion: PanicCompletion) => {
    last = completion;
    onSight({ kind: "completion", completion }, sinceMs());
    return completion.status !== "failed";
  };
  while (sinceMs() < parts.waitMs && parts.signal?.aborted !== true) {
    const halt = seen.halted ? undefined : await quietly(() => haltOf(parts));
    if (halt !== undefined) {
      seen.halted = true;
      onSight({ kind: "halted", byEventId: halt }, sinceMs());
    }
    const page = await quietly(() => completionsAfter(parts, after));
    const worker =
      seen.closing && page !== undefined ? undefined : await readWorkerPanic(parts.workerUrl, panic.eventId);
    if (!seen.closing && (worker?.orders ?? 0) > 0) {
      seen.closing = true;
      onSight({ kind: "first-close" }, sinceMs());
    }
    for (const entry of page ?? []) {
      after = entry.id;
      const completion = panicCompletionSchema.safeParse(entry.fields).data;
      if (completion?.event_id === panic.eventId && sees(completion)) return last;
    }
    const unwritten = page === undefined ? worker?.completion : undefined;
    if (unwritten !== undefined && unwritten.status !== last?.status && sees(unwritten)) return last;
    await clock.sleep(LOOK_EVERY_MS, parts.signal);
  }
  return last;
}

/** The newest completion there is; "0-0" when there is none. */
export async function lastCompletionId({
  redis,
  keys,
}: Pick<FollowParts, "redis" | "keys">): Promise<string> {
  const newest = ["XREVRANGE", keys.panicCompletedStream, "+", "-", "COUNT", "1"];
  return decodeEntries(await redis.command(newest)).entries[0]?.id ?? "0-0";
}

async function completionsAfter({ redis, keys }: FollowParts, id: string) {
  const range = ["XRANGE", keys.panicCompletedStream, `(${id}`, "+", "COUNT", "100"];
  return decodeEntries(await redis.command(range)).entries;
}

/** The event that halted, "" for a halt without a panic; undefined while not halted. */
async function haltOf({ redis, keys }: FollowParts): Promise<string | undefined> {
  const reply = listReply(await redis.command(["HMGET", keys.tradingState, "halted", "event_id"]));
  const [halted, eventId] = reply.map(optionalTextReply);
  return halted === "true" ? (eventId ?? "") : undefined;
}

async function quietly<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isRedisError(error)) throw error;
    return undefined;
  }
}
