import type { RedisConnection } from "./connection.ts";
import type { StreamEntry } from "./stream-entry.ts";
import type { GroupMember } from "./stream-group.ts";
import type { Random, RedisClock, RedisLog } from "./surroundings.ts";

/**
 * `done`: handled and acknowledged by the handler itself, in the server-side function that recorded the
 * outcome. `later`: left pending on purpose; it is handed out again after `retryDelayMs`.
 */
export type HandleOutcome = "done" | "later";

export interface StreamConsumerOptions extends GroupMember {
  /** For XGROUP, own pending, XAUTOCLAIM and XACK of lost ids; new entries come over a connection of its own. */
  readonly redis: RedisConnection;
  readonly url: string;
  /** `batch`: pages in stream order, several in flight. `entry`: every entry its own task. */
  readonly handOut: "batch" | "entry";
  /** Entries a page has at most, and a read asks for unless `readMax` says more. */
  readonly batchMax: number;
  /**
   * New entries a read asks for, which are handed out in pages of `batchMax`: a read costs the server as much as
   * three entries. It waits until the window has room for all of them, so it is for handlers that settle soon.
   */
  readonly readMax?: number;
  /** Entries handed out and not settled, at most. */
  readonly inFlightMax: number;
  /** An entry pending for longer belongs to a dead consumer. */
  readonly staleIdleMs: number;
  /** Default 10 000; a third of `staleIdleMs` at most. */
  readonly sweepEveryMs?: number;
  /** How long a `later` entry waits at least; a cycle (1 s) more at most. Default 1000. */
  readonly retryDelayMs?: number;
  /** Default 30 000. */
  readonly stuckAfterMs?: number;
  /**
   * Must acknowledge by itself. A rejection with a Redis error stops reading until Redis is back and own
   * pending was read again; any other rejection ends `run` with it.
   */
  handle(entries: readonly StreamEntry[], context: { readonly signal: AbortSignal }): Promise<HandleOutcome>;
  /** At least about once a second while all is well; for the watchdog. */
  progress(): void;
  /** Entries trimmed while pending: record them; afterwards they are acknowledged. */
  onLost(ids: readonly string[]): Promise<void>;
  /** The stream or its group vanished under a running consumer (Redis was emptied); it was made again at 0. */
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
  /** Entries handled since the start. */
  readonly handled: number;
}
