/**
 * The session with the venue, from the first contact on.
 *
 * 1 Nothing is executed before clock, rules and account were read and the account is the recorded one.
 * 2 Another account, or another mode, than the one recorded for this Redis ends the process with 78; also when it
 *   is another Redis that answers after an outage.
 * 3 The credentials are proved once a minute; while the venue refuses them no entry is sent.
 */
import type { AccountFacts, Exchange, Reading } from "../exchange/exchange.ts";
import { createVenueUpkeep } from "../exchange/venue-upkeep.ts";
import type { FunctionCaller } from "../kernel/function-call.ts";
import { isRedisTrouble } from "../redis/redis-errors.ts";
import type { ModeClaim } from "./mode-claim.ts";

const RETRY_FIRST_MS = 5;
const RETRY_LAST_MS = 5000;

export interface VenueSessionParts {
  readonly exchange: Exchange;
  readonly redis: FunctionCaller & { whenReady(signal: AbortSignal): Promise<void> };
  readonly claim: ModeClaim;
  /** The first contact, begun while the rest of the daemon was built: its answer is under way already. */
  readonly contact: ReturnType<Exchange["connect"]>;
  readonly clock: { monotonicMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

export class VenueSession {
  readonly #parts: VenueSessionParts;
  #waitsFor = "not connected yet";
  #open = false;
  #credentialsRefused = false;
  #stateLost = false;
  #contact: ReturnType<Exchange["connect"]> | undefined;

  constructor(parts: VenueSessionParts) {
    this.#parts = parts;
    this.#contact = parts.contact;
  }

  /** For `/readyz`. */
  dependency(): { readonly name: string; readonly ok: boolean; readonly detail: string } {
    const detail = this.#open
      ? this.#credentialsRefused
        ? "credentials refused"
        : "connected"
      : this.#waitsFor;
    return { name: "venue", ok: this.#open && !this.#credentialsRefused, detail };
  }

  get credentialsRefused(): boolean {
    return this.#credentialsRefused;
  }

  set credentialsRefused(refused: boolean) {
    if (refused === this.#credentialsRefused) return;
    this.#credentialsRefused = refused;
    if (refused) this.#parts.log.error({}, "the venue refuses our credentials: entries stop");
    else this.#parts.log.info({}, "the venue takes our credentials again");
  }

  /** Redis was emptied under its connections: mode and account are to be recorded anew. */
  stateLost(): void {
    this.#stateLost = true;
  }

  /** Resolves once orders may be executed, or when the signal aborts. Throws ProcessExit 78. */
  async open(signal: AbortSignal, progress: () => void): Promise<void> {
    for (
      let waitMs = RETRY_FIRST_MS;
      !signal.aborted && !this.#open;
      waitMs = Math.min(2 * waitMs, RETRY_LAST_MS)
    ) {
      progress();
      if (await this.#tryToOpen(signal)) break;
      await this.#parts.clock.sleep(Math.min(waitMs, 1000), signal);
    }
  }

  async #tryToOpen(signal: AbortSignal): Promise<boolean> {
    const reading = await (this.#contact ?? this.#parts.exchange.connect());
    this.#contact = undefined;
    if (!reading.ok) {
      const { row, code, message } = reading.outcome;
      this.#waitsFor = `${row} ${code ?? ""} ${message}`.trim();
      if (reading.outcome.advice === "STOP_ENTRIES") this.credentialsRefused = true;
      return false;
    }
    this.credentialsRefused = false;
    await this.#redisReady(signal);
    this.#open = await this.#claim(reading.value.fingerprint);
    return this.#open;
  }

  /** Waits for Redis, a cycle at most: the venue's answer need not be asked for again meanwhile. */
  async #redisReady(signal: AbortSignal): Promise<void> {
    const { redis, clock } = this.#parts;
    const over = new AbortController();
    const slice = AbortSignal.any([signal, over.signal]);
    await Promise.race([redis.whenReady(slice), clock.sleep(1000, slice)]);
    over.abort();
  }

  /** Compares mode and account with what is recorded; false when Redis could not be asked. */
  async #claim(account: string): Promise<boolean> {
    try {
      await this.#parts.claim.claim(this.#parts.redis, account);
      return true;
    } catch (error) {
      if (!isRedisTrouble(error)) throw error;
      this.#waitsFor = `mode not claimed: ${error.message}`;
      return false;
    }
  }

  /** Keeps clock, credentials, account and rules true until the signal aborts. Throws ProcessExit 78. */
  async keep(signal: AbortSignal): Promise<void> {
    const { exchange, clock, claim } = this.#parts;
    const renew = createVenueUpkeep({ exchange, clock, probed: (reading) => this.#probed(reading) });
    while (!signal.aborted) {
      await clock.sleep(1000, signal);
      claim.check();
      if (signal.aborted || !this.#open) continue;
      const account = exchange.account();
      if (this.#stateLost && account !== undefined)
        this.#stateLost = !(await this.#claim(account.fingerprint));
      await renew();
    }
  }

  async #probed(reading: Reading<AccountFacts>): Promise<void> {
    if (reading.ok) {
      this.credentialsRefused = false;
      await this.#claim(reading.value.fingerprint);
    } else if (reading.outcome.advice === "STOP_ENTRIES") {
      this.credentialsRefused = true;
    }
  }
}
