/**
 * The worker's own session with the venue, so that a panic finds it warm.
 *
 * 1. Credentials are proved at the first contact and once a minute; while they are refused `/readyz` says so, and
 *    panics are accepted all the same.
 * 2. Clock, connections and the last known positions are never older than WARM_EVERY_MS while the venue answers.
 * 3. An account other than the recorded one ends the process with 78.
 */
import type { Keys } from "../../contract/keys.ts";
import { isUnderSmallestOrder } from "../../exchange/decide-order-size.ts";
import type { AccountFacts, Exchange, Reading } from "../../exchange/exchange.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { isRedisTrouble } from "../../redis/redis-errors.ts";
import { compareMode } from "../mode-comparison.ts";
import type { OpenLeg } from "./plan-close.ts";
import { outcomeText, type WorkerClock, type WorkerLog } from "./worker-parts.ts";

/** Under the 30 s after which servers close an idle connection. */
const WARM_EVERY_MS = 20_000;
const PROBE_EVERY_MS = 60_000;
/** Requests of weight 1 at the same time, each on a connection that stays open: closes need not shake hands first. */
const SPARE_CONNECTIONS = 6;
const ANY_SYMBOL = "BTCUSDT";
const RULES_EVERY_MS = 3_600_000;
const RETRY_FIRST_MS = 5;
const RETRY_MS_MAX = 2000;
const COMPARE_EVERY_MS = 1000;

export interface VenueWatchParts {
  readonly exchange: Pick<
    Exchange,
    | "account"
    | "connect"
    | "mode"
    | "positions"
    | "premiumIndex"
    | "probe"
    | "refreshRules"
    | "rules"
    | "syncClock"
  >;
  /** The answer to a `connect()` that was sent before this watch was made. */
  readonly firstContact: Promise<Reading<AccountFacts>>;
  readonly redis: Pick<RedisConnection, "command" | "state">;
  readonly keys: Keys;
  readonly clock: WorkerClock;
  readonly log: WorkerLog;
  readonly observe: { probed(ok: boolean): void };
  /** While a panic runs, the venue is its alone. */
  panicRuns(): boolean;
}

export class VenueWatch {
  readonly #parts: VenueWatchParts;
  readonly #first = Promise.withResolvers<void>();
  #state = "not connected yet";
  #connected = false;
  #credentialsRefused = false;
  #compared = false;
  #lastKnown: readonly OpenLeg[] = [];

  constructor(parts: VenueWatchParts) {
    this.#parts = parts;
  }

  /** For `/readyz`. */
  dependency(): { readonly name: string; readonly ok: boolean; readonly detail: string } {
    if (this.#credentialsRefused)
      return { name: "venue", ok: false, detail: `credentials refused: ${this.#state}` };
    return { name: "venue", ok: this.#connected, detail: this.#connected ? "connected" : this.#state };
  }

  /** Resolves when the first contact was made or has failed. */
  tried(): Promise<void> {
    return this.#first.promise;
  }

  lastKnown(): readonly OpenLeg[] {
    return this.#lastKnown;
  }

  /** How many of these are under the venue's smallest order, by its rules as last read. */
  dustPositions(): number {
    const isDust = ({ symbol, quantity }: OpenLeg) =>
      isUnderSmallestOrder(quantity, this.#parts.exchange.rules(symbol));
    return this.#lastKnown.filter(isDust).length;
  }

  /** Until the signal aborts. Throws ProcessExit 78. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#connect(signal);
    const { clock } = this.#parts;
    const due = { warm: 0, probe: PROBE_EVERY_MS, rules: RULES_EVERY_MS };
    const startedMs = clock.monotonicMs();
    while (!signal.aborted) {
      if (!this.#compared) await this.#compare();
      const elapsedMs = clock.monotonicMs() - startedMs;
      if (elapsedMs >= due.probe) {
        due.probe = elapsedMs + PROBE_EVERY_MS;
        await this.#probe();
      }
      if (elapsedMs >= due.warm && !this.#parts.panicRuns()) {
        due.warm = elapsedMs + WARM_EVERY_MS;
        await this.#warm();
      }
      if (elapsedMs >= due.rules) {
        due.rules = elapsedMs + RULES_EVERY_MS;
        await this.#parts.exchange.refreshRules();
      }
      await clock.sleep(COMPARE_EVERY_MS, signal);
    }
  }

  async #connect(signal: AbortSignal): Promise<void> {
    const { exchange, clock, redis, firstContact } = this.#parts;
    let waitMs = RETRY_FIRST_MS;
    let contact = firstContact;
    while (!signal.aborted && !this.#connected) {
      const reading = await contact;
      this.#judge(reading);
      this.#connected = reading.ok;
      if (reading.ok && redis.state.kind === "ready") await this.#compare();
      this.#first.resolve();
      if (reading.ok) break;
      await clock.sleep(waitMs, signal);
      contact = exchange.connect();
      waitMs = Math.min(2 * waitMs, RETRY_MS_MAX);
    }
    this.#first.resolve();
  }

  async #probe(): Promise<void> {
    this.#judge(await this.#parts.exchange.probe());
    await this.#compare();
  }

  #judge(reading: Reading<AccountFacts>): void {
    const { log, observe } = this.#parts;
    observe.probed(reading.ok);
    const refused = !reading.ok && reading.outcome.advice === "STOP_ENTRIES";
    this.#state = reading.ok ? "connected" : outcomeText(reading.outcome);
    // A probe that says something else of the venue says nothing of the credentials.
    if (!reading.ok && !refused) return;
    if (refused !== this.#credentialsRefused) {
      if (refused)
        log.error({ venue: this.#state }, "the venue refuses our credentials: no panic could close anything");
      else log.info({}, "the venue takes our credentials again");
    }
    this.#credentialsRefused = refused;
  }

  /** One request per connection that should stay open; and what a completion names if reading fails later. */
  async #warm(): Promise<void> {
    const { exchange } = this.#parts;
    const spare = Array.from({ length: SPARE_CONNECTIONS }, () => exchange.premiumIndex(ANY_SYMBOL));
    const [positions] = await Promise.all([exchange.positions(), exchange.syncClock(), ...spare]);
    if (!positions.ok) return;
    this.#lastKnown = positions.value.map(({ symbol, positionSide, quantity }) => ({
      ...{ symbol, positionSide, quantity },
    }));
  }

  async #compare(): Promise<void> {
    const { exchange, redis, keys } = this.#parts;
    const account = exchange.account()?.fingerprint;
    if (account === undefined) return;
    try {
      await compareMode(redis, keys, { mode: exchange.mode, account });
      this.#compared = true;
    } catch (error) {
      if (!isRedisTrouble(error)) throw error;
      this.#compared = false;
    }
  }
}
