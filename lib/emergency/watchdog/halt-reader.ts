import type { Keys } from "../../contract/keys.ts";
import type { RedisCommands } from "../../redis/connection.ts";
import { isRedisError, RedisReplyError } from "../../redis/redis-errors.ts";
import { optionalTextReply } from "../../redis/reply.ts";
import { transaction } from "../../redis/transaction.ts";

const LOOK_EVERY_MS = 200;

/** See `WatchInput.halt`. */
export type HaltView = "panic" | "other" | "cleared" | "none" | "unknown";

export interface HaltReaderParts {
  readonly redis: RedisCommands;
  readonly keys: Keys;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  /** The panic that is latched; undefined without one. */
  latchedEventId(): string | undefined;
}

/**
 * Reads the halt from Redis. A value of the wrong type is halted.
 *
 * 1. The halt is the latched panic's only when the worker's record of that panic stands beside it: an earlier panic's
 *    halt, which stands until an operator clears it, says nothing of this one. The hash's own event id cannot tell: a
 *    panic that joins a run never stands there, its record does once the run has said how it went.
 * 2. An absent hash is an operator's reset only with that record: a Redis that was emptied or rolled back has neither.
 * 3. Both are read in one transaction, as the worker writes them in one.
 */
export class HaltReader {
  readonly #parts: HaltReaderParts;
  #view: HaltView = "unknown";
  #readFor = "";

  constructor(parts: HaltReaderParts) {
    this.#parts = parts;
  }

  /** Unknown, too, until it was read for the panic that is latched now. */
  view(): HaltView {
    return this.#readFor === this.#latched() ? this.#view : "unknown";
  }

  /** Reads until the signal aborts; Redis errors make it unknown. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const eventId = this.#latched();
      this.#view = await this.#read(eventId);
      this.#readFor = eventId;
      await this.#parts.clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  #latched(): string {
    return this.#parts.latchedEventId() ?? "";
  }

  async #read(eventId: string): Promise<HaltView> {
    const { redis, keys } = this.#parts;
    const recordOf = ["HGET", keys.panicProcessed, eventId];
    try {
      const [state = null, record = null] = await transaction(redis, [
        ["HGET", keys.tradingState, "halted"],
        recordOf,
      ]);
      const halted = optionalTextReply(state);
      const isKnown = optionalTextReply(record) !== undefined;
      if (halted === "true") return isKnown ? "panic" : "other";
      if (isKnown) return "cleared";
      return halted === undefined ? "unknown" : "none";
    } catch (error) {
      if (!isRedisError(error)) throw error;
      if (!(error instanceof RedisReplyError && error.code === "WRONGTYPE")) return "unknown";
      const record = await redis.command(recordOf).catch(() => null);
      return optionalTextReply(record) === undefined ? "unknown" : "panic";
    }
  }
}
