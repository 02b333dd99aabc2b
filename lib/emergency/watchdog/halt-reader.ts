import type { Keys } from "../../contract/keys.ts";
import type { RedisCommands } from "../../redis/connection.ts";
import { isRedisError, RedisReplyError } from "../../redis/redis-errors.ts";
import { listReply, optionalTextReply } from "../../redis/reply.ts";
import { transaction } from "../../redis/transaction.ts";

const LOOK_EVERY_MS = 200;

/** See `WatchInput.halt`. */
export type HaltView = "panic" | "precaution" | "cleared" | "none" | "unknown";

export interface HaltReaderParts {
  readonly redis: RedisCommands;
  readonly keys: Keys;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  /** The panic that is latched; undefined without one. */
  latchedEventId(): string | undefined;
}

/**
 * Reads the halt from Redis. A value of the wrong type is halted. An absent hash is an operator's reset only while
 * Redis still knows the latched panic: one that was emptied or rolled back knows neither. Both are read in one
 * transaction, as the worker writes them in one.
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
    try {
      const [state, processed] = await transaction(redis, [
        ["HMGET", keys.tradingState, "halted", "source", "event_id"],
        ["HGET", keys.panicProcessed, eventId],
      ]);
      const [halted, source, by] = listReply(state).map(optionalTextReply);
      const isKnown = optionalTextReply(processed) !== undefined;
      if (halted !== "true" && isKnown) return "cleared";
      if (halted !== "true") return halted === undefined ? "unknown" : "none";
      return source === "watchdog" && (by ?? "") === "" ? "precaution" : "panic";
    } catch (error) {
      if (error instanceof RedisReplyError && error.code === "WRONGTYPE") return "panic";
      if (!isRedisError(error)) throw error;
      return "unknown";
    }
  }
}
