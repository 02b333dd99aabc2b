/** Limits of the sliding window, the same numbers as the server's. */
export interface RateLimits {
  readonly windowMs: number;
  readonly globalMax: number;
  readonly symbolMax: number;
}

/**
 * The router's own sliding-window limiter, for the time when the counters in Redis are unreadable. It sees
 * every admission of this router, also those that Redis counted, so that it is right from its first use on.
 * With N routers the bound is N times the limit.
 *
 * Memory is bounded: globalMax + 1 times, and per symbol symbolMax + 1 within one window.
 */
export class RateLimiter {
  readonly #limits: RateLimits;
  readonly #global: number[] = [];
  readonly #symbols = new Map<string, number[]>();

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  /** Counts an admission that Redis has decided (`nowMs` on any one clock). */
  note(symbol: string, nowMs: number): void {
    this.#push(this.#global, nowMs, this.#limits.globalMax);
    this.#push(this.#timesOf(symbol, nowMs), nowMs, this.#limits.symbolMax);
  }

  /** Counts one more admission and says whether it is over a limit; the symbol is not counted then. */
  judge(symbol: string, nowMs: number): "allow" | "trip_global" | "trip_symbol" {
    if (this.#push(this.#global, nowMs, this.#limits.globalMax)) return "trip_global";
    const times = this.#timesOf(symbol, nowMs);
    return this.#push(times, nowMs, this.#limits.symbolMax) ? "trip_symbol" : "allow";
  }

  #timesOf(symbol: string, nowMs: number): number[] {
    const known = this.#symbols.get(symbol);
    if (known !== undefined) return known;
    for (const [other, times] of this.#symbols) {
      if (nowMs - (times.at(-1) ?? 0) >= this.#limits.windowMs) this.#symbols.delete(other);
    }
    const times: number[] = [];
    this.#symbols.set(symbol, times);
    return times;
  }

  /** Appends a time, keeps the newest max + 1; true when all of these are inside the window. */
  #push(times: number[], nowMs: number, max: number): boolean {
    times.push(nowMs);
    if (times.length > max + 1) times.shift();
    return times.length > max && nowMs - (times[0] ?? 0) < this.#limits.windowMs;
  }
}
