import { createConsumerLoop } from "./consumer-loop.ts";
import type { ConsumerStatus, StreamConsumerOptions } from "./consumer-options.ts";
import type { RedisDependency } from "./redis-state.ts";
import { openWireClient } from "./wire-client.ts";

/**
 * The loop of every consumer of a group.
 *
 * 1. Own pending entries first, then those of dead consumers, then new ones; the first two again after
 *    every reconnect and every `sweepEveryMs`.
 * 2. An entry that is in flight in this process is never handed out a second time.
 * 3. At most `inFlightMax` entries are handed out and not settled.
 * 4. Nothing is acknowledged here but entries that no longer exist, and those only after `onLost` took them.
 * 5. When Redis is absent, in doubt or refuses, nothing new is read: it waits, and goes on with own pending.
 *    Those fill the window first, so a server that refuses writes cannot pile up more than a window of them.
 * 6. `progress` is called while the loop cycles, also while it waits for Redis, and not while an entry has
 *    been in flight for longer than `stuckAfterMs`.
 */
export interface StreamConsumer {
  /** Until the signal aborts: stops reading, waits for what is in flight, resolves. */
  run(signal: AbortSignal): Promise<void>;
  status(): ConsumerStatus;
  /** For `/readyz`. */
  dependency(): RedisDependency;
}

/** Prepares the loop; nothing happens before `run`. */
export function createStreamConsumer(options: StreamConsumerOptions): StreamConsumer {
  return createConsumerLoop(openWireClient, options);
}
