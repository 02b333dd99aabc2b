import type { Keys } from "../../../lib/contract/keys.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import type { Reply } from "../redis/resp.ts";
import type { Findings } from "./findings.ts";
import { admittedDecisions, functionCall } from "./function-calls.ts";

export interface RateLimits {
  readonly windowMs: number;
  readonly globalMax: number;
  readonly symbolMax: number;
  readonly dailyMax: number;
}

/** Invariant 5 at the admission: every window of the configured length, wherever it begins, and every UTC day. */
export class RateWatch {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #keys: Keys;
  readonly #findings: Findings;
  readonly #limits: RateLimits;
  /** The day of an admission that the counter has not been held against. */
  #uncounted: string | undefined;
  readonly #nowMs: () => number;
  readonly #nowUs: () => number;
  /** Every admission that Redis knows of. */
  #admitted: { readonly atMs: number; readonly atUs: number; readonly symbol: string }[] = [];

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
    readonly limits: RateLimits;
    readonly nowMs: () => number;
    readonly nowUs: () => number;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#limits = parts.limits;
    this.#nowMs = parts.nowMs;
    this.#nowUs = parts.nowUs;
  }

  stateLost(): void {
    this.#admitted = [];
  }

  /** What was admitted after that moment is counted nowhere any more. */
  rolledBack(toUs: number): void {
    this.#admitted = this.#admitted.filter(({ atUs }) => atUs <= toUs);
  }

  after(command: readonly string[], reply: Reply): void {
    const call = functionCall(command);
    if (call?.name !== "admit_v1") return;
    for (const { verdict, symbol } of admittedDecisions(call, reply)) {
      if (verdict === "ADMITTED") this.#count(symbol);
    }
    if (this.#uncounted !== undefined) this.#compare(this.#uncounted);
    this.#uncounted = undefined;
  }

  #count(symbol: string): void {
    const nowMs = this.#nowMs();
    const { windowMs, globalMax, symbolMax, dailyMax } = this.#limits;
    this.#admitted.push({ atMs: nowMs, atUs: this.#nowUs(), symbol });
    // A window of the length that holds most ends with an admission: so each one is looked at, and no other.
    const within = this.#admitted.filter(({ atMs }) => nowMs - atMs < windowMs);
    const own = within.filter((one) => one.symbol === symbol).length;
    if (within.length > globalMax) {
      this.#findings.report(5, `${within.length} admissions in ${windowMs} ms, of ${globalMax}`);
    }
    if (own > symbolMax)
      this.#findings.report(5, `${own} admissions of ${symbol} in ${windowMs} ms, of ${symbolMax}`);
    const day = dayOf(nowMs);
    const today = this.#on(day);
    if (today > dailyMax) this.#findings.report(5, `${today} admissions on ${day}, of ${dailyMax}`);
    this.#uncounted = day;
  }

  #on(day: string): number {
    return this.#admitted.filter(({ atMs }) => dayOf(atMs) === day).length;
  }

  /** The counter in Redis is exact after every admission, across every restart. */
  #compare(day: string): void {
    const counted = this.#redis.look("GET", `${this.#keys.dailyTradesPrefix}${day}`);
    const today = this.#on(day);
    if (counted === String(today)) return;
    this.#findings.report(5, `${today} admissions on ${day}, the counter says ${JSON.stringify(counted)}`);
  }
}

const dayOf = (epochMs: number) => new Date(epochMs).toISOString().slice(0, 10).replaceAll("-", "");
