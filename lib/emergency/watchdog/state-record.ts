import type { Keys } from "../../contract/keys.ts";
import type { RedisCommands } from "../../redis/connection.ts";
import { isRedisError, RedisReplyError } from "../../redis/redis-errors.ts";
import { recordReply } from "../../redis/reply.ts";
import { encodeFields } from "../../redis/stream-entry.ts";
import { transaction } from "../../redis/transaction.ts";
import { decodeLatch, encodeLatch, type Latch } from "./latch.ts";
import type { WatchState } from "./watch-states.ts";

const LOOK_EVERY_MS = 100;

export interface StateRecordParts {
  readonly redis: RedisCommands;
  readonly keys: Keys;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: { debug(fields: object, message: string): void };
  /** As it is now; `sinceMs` is epoch ms. */
  current(): { readonly state: WatchState; readonly sinceMs: number; readonly latch: Latch | undefined };
}

/**
 * The watchdog's state and latch in `exit_brain:watchdog:state`: written as a whole, in one transaction, after
 * every change and again until Redis has taken it.
 */
export class StateRecord {
  readonly #parts: StateRecordParts;
  /** Counts changes; what was written last stands beside it. */
  #version = 1;
  #written = 0;

  constructor(parts: StateRecordParts) {
    this.#parts = parts;
  }

  changed(): void {
    this.#version += 1;
  }

  /**
   * Writes until the signal aborts. With `adopt`, the latch that an earlier process left in Redis is read and handed
   * over first: nothing is written over one that nobody has seen.
   */
  async run(signal: AbortSignal, adopt: ((latch: Latch) => void) | undefined): Promise<void> {
    let adopted = adopt === undefined;
    while (!signal.aborted) {
      if (!adopted) adopted = await this.#adopt(adopt);
      else if (this.#written !== this.#version) await this.#write();
      await this.#parts.clock.sleep(LOOK_EVERY_MS, signal);
    }
  }

  async #adopt(adopt: ((latch: Latch) => void) | undefined): Promise<boolean> {
    const { redis, keys } = this.#parts;
    try {
      const latch = decodeLatch(recordReply(await redis.command(["HGETALL", keys.watchdogState])));
      if (latch !== undefined) adopt?.(latch);
      return true;
    } catch (error) {
      if (!isRedisError(error)) throw error;
      // What is no hash holds no latch; it is replaced as soon as something is written.
      return error instanceof RedisReplyError && error.code === "WRONGTYPE";
    }
  }

  async #write(): Promise<void> {
    const { redis, keys, log } = this.#parts;
    const version = this.#version;
    const { state, sinceMs, latch } = this.#parts.current();
    const fields = {
      ...{ state, state_since: String(sinceMs) },
      ...(latch === undefined ? {} : encodeLatch(latch)),
    };
    try {
      await transaction(redis, [
        ["DEL", keys.watchdogState],
        ["HSET", keys.watchdogState, ...encodeFields(fields)],
      ]);
      this.#written = version;
    } catch (error) {
      if (!isRedisError(error)) throw error;
      log.debug({ error: error.message }, "the watchdog's state was not written");
    }
  }
}
