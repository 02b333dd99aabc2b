import type { Keys } from "../../contract/keys.ts";
import type { RedisCommands } from "../../redis/connection.ts";
import { isRedisError, RedisReplyError } from "../../redis/redis-errors.ts";
import { listReply, optionalTextReply } from "../../redis/reply.ts";
import { transaction } from "../../redis/transaction.ts";

const LOOK_EVERY_MS = 200;

/** See `WatchInput.halt`. */
export type HaltView = "panic" | "precaution" | "reset" | "unknown";

export interface HaltReaderParts {
  readonly redis: RedisCommands;
  readonly keys: Keys;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  /** The panic that is latched; undefined without one. */
  latchedEventId(): string | undefined;
}

/**
 * Reads the halt from Redis. A value of the wrong type is halted. An absent hash is an operator's reset only while
 * Redis still knows the latched panic: one that was emptied or rolled back knows neither.
 */
export class HaltReader {
  readonly #parts: HaltReaderParts;
  #view: HaltView = "unknown";

  constructor(parts: HaltReaderParts) {
    this.#parts = parts;
  }

  view(): HaltView {
    return this.#view;
  }

  /** Reads until the signal aborts; Redis errors make it unknown. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#view = await this.#read();
      await this.#parts.clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #read(): Promise<HaltView> {
    const { redis, keys } = this.#parts;
    const eventId = this.#parts.latchedEventId() ?? "";
    try {
      const [state, processed] = await transaction(redis, [
        ["HMGET", keys.tradingState, "halted", "source", "event_id"],
        ["HGET", keys.panicProcessed, eventId],
      ]);
      const [halted, source, by] = listReply(state).map(optionalTextReply);
      if (halted === undefined) return optionalTextReply(processed) === undefined ? "unknown" : "reset";
      if (halted !== "true") return "reset";
      return source === "watchdog" && (by ?? "") === "" ? "precaution" : "panic";
    } catch (error) {
      if (error instanceof RedisReplyError && error.code === "WRONGTYPE") return "panic";
      if (!isRedisError(error)) throw error;
      return "unknown";
    }
  }
}
