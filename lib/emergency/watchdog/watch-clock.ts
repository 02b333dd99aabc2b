import { WATCH_LIMITS_MS } from "./watch-limits.ts";

/** Longest stretch between two looks that counts in full: what exceeds it is a stall of our own. */
const STALL_AFTER_MS = 500;
/** The reader hears from Redis every 100 to 200 ms; what exceeds this is silence, in which no beat can arrive. */
const SILENCE_AFTER_MS = 500;

/**
 * The two clocks that ages are measured by, both made of the monotonic one.
 *
 * 1. `nowMs` leaves out what this process itself missed (stopped, starved, suspended): a watchdog that slept
 *    must not take its own sleep for the brain's.
 * 2. `watchedMs` leaves out the silence of Redis too, beyond what is usual between two answers: a spike of a
 *    second costs a beat's age half of it at most.
 * 3. While the process runs and Redis answers, both run exactly as the monotonic clock does.
 */
export class WatchClock {
  readonly #monotonicMs: () => number;
  #lookedAtMs: number;
  #nowMs = 0;
  #repliedAtMs = 0;
  #watchedMs = 0;
  #heard = false;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
    this.#lookedAtMs = monotonicMs();
  }

  /** 0 at the start. */
  nowMs(): number {
    const monotonicMs = this.#monotonicMs();
    this.#nowMs += Math.min(monotonicMs - this.#lookedAtMs, STALL_AFTER_MS);
    this.#lookedAtMs = monotonicMs;
    return this.#nowMs;
  }

  /** Whether Redis has answered the reader lately. */
  hears(): boolean {
    return this.#heard && this.redisSilentMs() <= WATCH_LIMITS_MS.redisSilent;
  }

  /** 0 at the start. */
  watchedMs(): number {
    return this.#watchedMs + Math.min(this.redisSilentMs(), SILENCE_AFTER_MS);
  }

  /** Since the last answer of Redis to the heartbeat reader, or the start. */
  redisSilentMs(): number {
    return this.nowMs() - this.#repliedAtMs;
  }

  /** Redis has answered the reader. Returns whether it had been lost until now. */
  redisReplied(): boolean {
    const lost = this.redisSilentMs() > WATCH_LIMITS_MS.redisSilent;
    this.#watchedMs = this.watchedMs();
    this.#repliedAtMs = this.nowMs();
    this.#heard = true;
    return lost;
  }
}
