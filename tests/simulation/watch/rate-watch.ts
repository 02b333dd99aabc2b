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
  readonly #nowMs: () => number;
  #admitted: { readonly atMs: number; readonly symbol: string }[] = [];
  readonly #daily = new Map<string, number>();

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
    readonly limits: RateLimits;
    readonly nowMs: () => number;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#limits = parts.limits;
    this.#nowMs = parts.nowMs;
  }

  stateLost(): void {
    this.#admitted = [];
    this.#daily.clear();
  }

  after(command: readonly string[], reply: Reply): void {
    const call = functionCall(command);
    if (call?.name !== "admit_v1") return;
    for (const { verdict, symbol } of admittedDecisions(call, reply)) {
      if (verdict === "ADMITTED") this.#count(symbol);
    }
  }

  #count(symbol: string): void {
    const nowMs = this.#nowMs();
    const { windowMs, globalMax, symbolMax, dailyMax } = this.#limits;
    this.#admitted = this.#admitted.filter(({ atMs }) => nowMs - atMs < windowMs);
    this.#admitted.push({ atMs: nowMs, symbol });
    const own = this.#admitted.filter((one) => one.symbol === symbol).length;
    if (this.#admitted.length > globalMax) {
      this.#findings.report(5, `${this.#admitted.length} admissions in ${windowMs} ms, of ${globalMax}`);
    }
    if (own > symbolMax)
      this.#findings.report(5, `${own} admissions of ${symbol} in ${windowMs} ms, of ${symbolMax}`);
    const day = new Date(nowMs).toISOString().slice(0, 10).replaceAll("-", "");
    const today = (this.#daily.get(day) ?? 0) + 1;
    this.#daily.set(day, today);
    if (today > dailyMax) this.#findings.report(5, `${today} admissions on ${day}, of ${dailyMax}`);
  }

  /** The counter in Redis is exact, across every restart. */
  atEnd(): void {
    for (const [day, count] of this.#daily) {
      const counted = this.#redis.look("GET", `${this.#keys.dailyTradesPrefix}${day}`);
      if (counted !== String(count)) {
        this.#findings.report(
          5,
          `${count} admissions on ${day}, the counter says ${JSON.stringify(counted)}`,
        );
      }
    }
  }
}
