import type { Keys } from "../../contract/keys.ts";
import type { PanicReason } from "../../contract/panic.ts";
import type { TradingState } from "../../contract/trading-state.ts";
import type { RedisCommands } from "../../redis/connection.ts";
import { isRedisError, RedisReplyError } from "../../redis/redis-errors.ts";
import { optionalTextReply } from "../../redis/reply.ts";
import { encodeFields } from "../../redis/stream-entry.ts";
import { transaction } from "../../redis/transaction.ts";

const RETRY_EVERY_MS = 250;

export interface EntryHaltParts {
  readonly redis: RedisCommands;
  readonly keys: Keys;
  /** The halt file as the worker keeps it, so that an operator's reset takes it away as it does the worker's own. */
  readonly marker: { put(why: string): void };
  readonly clock: { nowMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: { error(fields: object, message: string): void };
}

/**
 * Halts entries without a panic: a panic is due, and the venue is silent.
 *
 * 1. File and Redis both, the file at once. The file is put again after Redis has the halt: the worker takes a file
 *    away that a readable Redis does not know of.
 * 2. A halt that stands in Redis is never overwritten.
 * 3. It ends as every halt does: by an operator.
 */
export class EntryHalt {
  readonly #parts: EntryHaltParts;
  #wanted: PanicReason | undefined;

  constructor(parts: EntryHaltParts) {
    this.#parts = parts;
  }

  /** Halts in the background, until both places have it. */
  request(reason: PanicReason): void {
    this.#wanted = reason;
    this.#putFile(reason);
  }

  /** An operator cleared the halt, or a panic has taken its place: nothing is left to write. */
  withdraw(): void {
    this.#wanted = undefined;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const reason = this.#wanted;
      if (reason !== undefined && (await this.#write(reason)) && this.#wanted === reason) {
        this.#putFile(reason);
        this.#wanted = undefined;
      }
      await this.#parts.clock.sleep(RETRY_EVERY_MS, signal);
    }
  }

  #putFile(reason: PanicReason): void {
    try {
      this.#parts.marker.put(`by the watchdog: ${reason}, and the venue does not answer`);
    } catch (error) {
      this.#parts.log.error({ err: error }, "the halt file could not be written");
    }
  }

  /** Whether Redis has a halt. */
  async #write(reason: PanicReason): Promise<boolean> {
    const { redis, keys, clock } = this.#parts;
    try {
      if (optionalTextReply(await redis.command(["HGET", keys.tradingState, "halted"])) === "true")
        return true;
      const halt = {
        halted: "true",
        reason,
        source: "watchdog",
        // Of no panic: that is how the watchdog and people know it for a precaution.
        event_id: "",
        ts: String(clock.nowMs()),
        positions_closed: "0",
        requires_manual_reset: "true",
      } satisfies TradingState;
      await transaction(redis, [
        ["HSET", keys.tradingState, ...encodeFields(halt)],
        ["HDEL", keys.tradingState, "cleared_by", "cleared_at"],
      ]);
      return true;
    } catch (error) {
      // A value of the wrong type counts as halted everywhere.
      if (error instanceof RedisReplyError && error.code === "WRONGTYPE") return true;
      if (!isRedisError(error)) throw error;
      return false;
    }
  }
}
