import { z } from "zod";
import type { Keys } from "../../lib/contract/keys.ts";
import {
  encodePanicEvent,
  type PanicCompletion,
  type PanicEvent,
  panicCompletionSchema,
} from "../../lib/contract/panic.ts";
import type { Clock } from "../../lib/daemon/clock.ts";
import type { RedisConnection } from "../../lib/redis/connection.ts";
import { isRedisError } from "../../lib/redis/redis-errors.ts";
import { listReply, optionalTextReply } from "../../lib/redis/reply.ts";
import { decodeEntries, encodeFields } from "../../lib/redis/stream-entry.ts";

const LOOK_EVERY_MS = 20;
const WORKER_ANSWERS_WITHIN_MS = 200;

/** What was seen, in the order in which it was seen. */
export type PanicSight =
  | { readonly kind: "published"; readonly id: string }
  | { readonly kind: "halted"; readonly byEventId: string }
  | { readonly kind: "first-close" }
  | { readonly kind: "completion"; readonly completion: PanicCompletion };

export interface FollowParts {
  readonly redis: Pick<RedisConnection, "command">;
  readonly keys: Keys;
  readonly clock: Clock;
  /** The worker's admin address: it alone knows when the first order left. */
  readonly workerUrl: string;
  readonly waitMs: number;
  /** Told of each sight with its time since the publication, ms, late by a look of 20 ms at most. */
  onSight(sight: PanicSight, atMs: number): void;
}

/**
 * Publishes the panic and follows it until it is flat, refused or joined, or until the wait is over. Returns the last
 * completion seen. Redis errors while following are waited out; one of the publication rejects.
 */
export async function followPanic(
  parts: FollowParts,
  event: PanicEvent,
): Promise<PanicCompletion | undefined> {
  const { redis, keys, clock, onSight } = parts;
  const startedMs = clock.monotonicMs();
  let after = await lastIdOf(parts);
  const fields = encodeFields(encodePanicEvent(event));
  const id = String(await redis.command(["XADD", keys.panicStream, "*", ...fields]));
  const sinceMs = () => Math.round(clock.monotonicMs() - startedMs);
  onSight({ kind: "published", id }, sinceMs());
  const seen = { halted: false, closing: false };
  let last: PanicCompletion | undefined;
  while (sinceMs() < parts.waitMs) {
    const halt = seen.halted ? undefined : await quietly(() => haltOf(parts));
    if (halt !== undefined) {
      seen.halted = true;
      onSight({ kind: "halted", byEventId: halt }, sinceMs());
    }
    if (!seen.closing && (await ordersOf(parts.workerUrl, event.event_id)) > 0) {
      seen.closing = true;
      onSight({ kind: "first-close" }, sinceMs());
    }
    const page = await quietly(() => entriesAfter(parts, after));
    for (const entry of page ?? []) {
      after = entry.id;
      const completion = panicCompletionSchema.safeParse(entry.fields).data;
      if (completion === undefined || completion.event_id !== event.event_id) continue;
      last = completion;
      onSight({ kind: "completion", completion }, sinceMs());
      if (completion.status !== "failed") return last;
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
  return last;
}

async function lastIdOf({ redis, keys }: FollowParts): Promise<string> {
  const newest = ["XREVRANGE", keys.panicCompletedStream, "+", "-", "COUNT", "1"];
  return decodeEntries(await redis.command(newest)).entries[0]?.id ?? "0-0";
}

async function entriesAfter({ redis, keys }: FollowParts, id: string) {
  const range = ["XRANGE", keys.panicCompletedStream, `(${id}`, "+", "COUNT", "100"];
  return decodeEntries(await redis.command(range)).entries;
}

/** The event that halted, "" for a halt without a panic; undefined while not halted. */
async function haltOf({ redis, keys }: FollowParts): Promise<string | undefined> {
  const reply = listReply(await redis.command(["HMGET", keys.tradingState, "halted", "event_id"]));
  const [halted, eventId] = reply.map(optionalTextReply);
  return halted === "true" ? (eventId ?? "") : undefined;
}

const panicViewSchema = z.object({ positions: z.array(z.object({ orders: z.array(z.unknown()) })) });

/** Orders that the worker has sent for the panic; 0 when it does not say. */
async function ordersOf(workerUrl: string, eventId: string): Promise<number> {
  try {
    const response = await fetch(`${workerUrl}/v1/panic/${eventId}`, {
      signal: AbortSignal.timeout(WORKER_ANSWERS_WITHIN_MS),
    });
    const view = panicViewSchema.safeParse(await response.json());
    return view.data?.positions.reduce((sum, { orders }) => sum + orders.length, 0) ?? 0;
  } catch {
    return 0;
  }
}

async function quietly<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isRedisError(error)) throw error;
    return undefined;
  }
}
