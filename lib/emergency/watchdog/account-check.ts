import type { Keys } from "../../contract/keys.ts";
import type { Exchange } from "../../exchange/exchange.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isRedisError } from "../../redis/redis-errors.ts";
import { compareMode } from "../mode-comparison.ts";

const COMPARE_EVERY_MS = 1000;
const PROBE_EVERY_MS = 60_000;
/** A probe costs 35 of the 2400 request weight that this address has a minute. */
const PROBE_AGAIN_MS = 5000;

export interface AccountCheckParts {
  readonly exchange: Pick<Exchange, "mode" | "probe">;
  readonly redis: Pick<RedisConnection, "command">;
  readonly keys: Keys;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
}

/**
 * Proves the credentials once a minute and compares the account with the one recorded in Redis: a watchdog that
 * counts another account's positions guards nothing.
 */
export class AccountCheck {
  readonly #parts: AccountCheckParts;
  #fingerprint = "";

  constructor(parts: AccountCheckParts) {
    this.#parts = parts;
  }

  /** The account's fingerprint; "" until the venue has told it. */
  account(): string {
    return this.#fingerprint;
  }

  /** Until the signal aborts. Throws ProcessExit 78 for another mode or account than the recorded one. */
  async run(signal: AbortSignal): Promise<void> {
    const { exchange, clock } = this.#parts;
    while (!signal.aborted) {
      const reading = await exchange.probe();
      if (reading.ok) {
        this.#fingerprint = reading.value.fingerprint;
        while (!signal.aborted && !(await this.#compare())) await clock.sleep(COMPARE_EVERY_MS, signal);
      }
      await clock.sleep(reading.ok ? PROBE_EVERY_MS : PROBE_AGAIN_MS, signal);
    }
  }

  async #compare(): Promise<boolean> {
    const { exchange, redis, keys } = this.#parts;
    try {
      await compareMode(redis, keys, { mode: exchange.mode, account: this.#fingerprint });
      return true;
    } catch (error) {
      if (!isRedisError(error)) throw error;
      return false;
    }
  }
}
