import type { RedisCommands } from "./connection.ts";
import { isRedisError, RedisReplyError, RedisUnavailableError } from "./redis-errors.ts";
import { transaction } from "./transaction.ts";

/**
 * Counters of a `quantum:stats:<role>` hash for what no server-side function counts by itself.
 *
 * At most once: a batch whose fate is unknown is not sent again, so a count can be short by one outage's
 * worth and never too high. What was not sent is kept and goes with the next flush.
 */
export interface Statistics {
  add(field: string, count?: number): void;
  /** Writes what was added since; Redis errors are not thrown. */
  flush(): Promise<void>;
}

/** Nothing is written before `flush`. */
export function createStatistics(redis: RedisCommands, key: string): Statistics {
  let pending = new Map<string, number>();
  const add: Statistics["add"] = (field, count = 1) => {
    pending.set(field, (pending.get(field) ?? 0) + count);
  };
  return {
    add,
    async flush() {
      if (pending.size === 0) return;
      const batch = pending;
      pending = new Map();
      try {
        await transaction(
          redis,
          [...batch].map(([field, count]) => ["HINCRBY", key, field, String(count)]),
        );
      } catch (error) {
        if (!isRedisError(error)) throw error;
        // Not sent, or refused while it was queued: nothing of it was executed.
        const nothing =
          error instanceof RedisUnavailableError || (error instanceof RedisReplyError && error.transient);
        if (nothing) for (const [field, count] of batch) add(field, count);
      }
    },
  };
}
