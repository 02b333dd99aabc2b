/**
 * The session with the venue: clock, rules, account, and whether it is the recorded one.
 *
 * 1. It needs no Redis to begin: positions are guarded as soon as the venue answers.
 * 2. Another account, or another mode, than the one recorded for this Redis ends the process with 78.
 * 3. Nothing is changed at the venue before the account was compared.
 */
import { EXIT_CODES } from "../contract/exit-codes.ts";
import type { Keys } from "../contract/keys.ts";
import { ProcessExit } from "../daemon/process-exit.ts";
import type { AccountFacts, Exchange, Reading } from "../exchange/exchange.ts";
import { createVenueUpkeep } from "../exchange/venue-upkeep.ts";
import type { RedisCommands } from "../redis/connection.ts";
import { isRedisError } from "../redis/redis-errors.ts";
import { optionalTextReply } from "../redis/reply.ts";

const LOOK_EVERY_MS = 1000;
const RETRY_FIRST_MS = 5;

interface SessionParts {
  readonly exchange: Exchange;
  readonly redis: RedisCommands;
  readonly keys: Keys;
  readonly clock: { monotonicMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: { info(fields: object, message: string): void; error(fields: object, message: string): void };
}

export class VenueSession {
  readonly #parts: SessionParts;
  #waitsFor = "not connected yet";
  #open = false;
  #agreed = false;
  #refused = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Whether the venue takes our credentials, as it said last. */
  get credentials(): "ok" | "refused" {
    return this.#refused ? "refused" : "ok";
  }

  /** For `/readyz`. */
  dependency(): { readonly name: string; readonly ok: boolean; readonly detail: string } {
    return { name: "venue", ok: this.#open && !this.#refused, detail: this.#detail() };
  }

  #detail(): string {
    if (!this.#open) return this.#waitsFor;
    if (this.#refused) return "credentials refused";
    return this.#agreed ? "connected" : "connected; the account is not compared yet";
  }

  /** Whether the account was compared with the recorded one, and is it. */
  get agreed(): boolean {
    return this.#agreed;
  }

  /** Resolves once the venue has answered, or when the signal aborts. */
  async open(signal: AbortSignal): Promise<void> {
    for (let waitMs = RETRY_FIRST_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, LOOK_EVERY_MS)) {
      const reading = await this.#parts.exchange.connect();
      if (reading.ok) {
        this.#open = true;
        return;
      }
      const { row, code, message } = reading.outcome;
      this.#waitsFor = `${row} ${code ?? ""} ${message}`.trim();
      await this.#parts.clock.sleep(waitMs, signal);
    }
  }

  /** Keeps clock, credentials, account and rules true until the signal aborts. Throws ProcessExit 78. */
  async keep(signal: AbortSignal): Promise<void> {
    const { exchange, clock } = this.#parts;
    const renew = createVenueUpkeep({ exchange, clock, probed: (reading) => this.#probed(reading) });
    while (!signal.aborted) {
      const account = exchange.account()?.fingerprint;
      if (!this.#agreed && account !== undefined) await this.#compare(account);
      await clock.sleep(this.#agreed ? LOOK_EVERY_MS : RETRY_FIRST_MS * 10, signal);
      if (!signal.aborted && this.#open) await renew();
    }
  }

  async #probed(reading: Reading<AccountFacts>): Promise<void> {
    if (reading.ok) {
      if (this.#refused) this.#parts.log.info({}, "the venue takes our credentials again");
      this.#refused = false;
      await this.#compare(reading.value.fingerprint);
    } else if (reading.outcome.advice === "STOP_ENTRIES") {
      if (!this.#refused) this.#parts.log.error({}, "the venue refuses our credentials");
      this.#refused = true;
    }
  }

  /**
   * The first execution records mode and account; before it has, there is nothing to differ from. Read plainly and
   * not by the function library: closing risk must not wait for a library that is missing or altered.
   */
  async #compare(account: string): Promise<void> {
    const { redis, keys, exchange } = this.#parts;
    try {
      const [mode, recorded] = await Promise.all(
        [keys.mode, keys.modeAccount].map(async (key) =>
          optionalTextReply(await redis.command(["GET", key])),
        ),
      );
      const differs = (mode ?? exchange.mode) !== exchange.mode || (recorded ?? account) !== account;
      if (differs) throw this.#mismatch(mode ?? "", recorded ?? "", account);
      this.#agreed = true;
    } catch (error) {
      if (!isRedisError(error)) throw error;
    }
  }

  #mismatch(mode: string, recorded: string, account: string): ProcessExit {
    const { keys, exchange } = this.#parts;
    return new ProcessExit(
      EXIT_CODES.configuration,
      `this Redis belongs to mode ${mode || "(none)"} and account ${recorded || "(none)"}; ` +
        `this process is configured for ${exchange.mode} and account ${account}`,
      { hint: `use the Redis of that account, or delete ${keys.mode} and ${keys.modeAccount} on purpose` },
    );
  }
}
