import type { RedisConnection } from "./connection.ts";
import type { StreamEntry } from "./stream-entry.ts";
import type { Random, RedisClock, RedisLog } from "./surroundings.ts";

/**
 * `done`: handled and acknowledged by the handler itself, in the server-side function that recorded the
 * outcome. `later`: left pending on purpose; it is handed out again after `retryDelayMs`.
 */
export type HandleOutcome = "done" | "later";

export interface StreamConsumerOptions {
  /** For XGROUP, own pending, XAUTOCLAIM and XACK of lost ids; new entries come over a connection of their own. */
  readonly redis: RedisConnection;
  readonly url: string;
  readonly stream: string;
  readonly group: string;
  /** Stable across restarts: `consumerName(role, instance)`. */
  readonly consumer: string;
  /** `batch`: pages in stream order, several in flight. `entry`: every entry its own task. */
  readonly handOut: "batch" | "entry";
  /** Entries a read asks for at most. */
  readonly batchMax: number;
  /** Entries handed out and not settled, at most: back-pressure. */
  readonly inFlightMax: number;
  /** A pending entry idle for longer belongs to a dead consumer. */
  readonly staleIdleMs: number;
  /** How often own pending and dead consumers are looked at, besides start and every reconnect. Default 10 000. */
  readonly sweepEveryMs?: number;
  /** How long a `later` entry waits. Default 1000. */
  readonly retryDelayMs?: number;
  /** An entry in flight for longer is a stuck handler: progress is not reported then. Default 30 000. */
  readonly stuckAfterMs?: number;
  /**
   * Must acknowledge by itself. A rejection with a Redis error stops reading until Redis is back and own pending
   * was read again; any other rejection ends `run` with it.
   */
  handle(entries: readonly StreamEntry[], context: { readonly signal: AbortSignal }): Promise<HandleOutcome>;
  /** At least about once a second while the loop cycles and no handler is stuck. */
  progress(): void;
  /** Entries trimmed while pending: record them; afterwards they are acknowledged. */
  onLost(ids: readonly string[]): Promise<void>;
  /** The stream or its group vanished under a running consumer: Redis was emptied. */
  onStateLost(): void;
  readonly clock: RedisClock;
  readonly random: Random;
  readonly log: RedisLog;
}

export interface ConsumerStatus {
  readonly kind: "starting" | "reading" | "waiting" | "stopped";
  /** Why it waits. */
  readonly reason: string | undefined;
  readonly inFlight: number;
  /** Age of the oldest entry in flight, ms; 0 when none is. */
  readonly oldestInFlightMs: number;
  readonly handled: number;
}

export interface StreamConsumer {
  /** Until the signal aborts: stops reading, waits for what is in flight, resolves. */
  run(signal: AbortSignal): Promise<void>;
  status(): ConsumerStatus;
  /** For `/readyz`. */
  dependency(): { readonly name: string; readonly ok: boolean; readonly detail: string };
}

/** Prepares the loop; nothing happens before `run`. */
export function createStreamConsumer(_options: StreamConsumerOptions): StreamConsumer {
  throw new Error("not there yet");
}
