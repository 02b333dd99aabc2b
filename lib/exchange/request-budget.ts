/**
 * How much may still be asked of the venue, from the limits and headers that it sends.
 *
 * Invariants
 * 1. Entries never use the last `exitReservePct` of any limit; exits may use all of it.
 * 2. After a 429 or 418 nothing is admitted before its time; then exits go first, entries a second later.
 * 3. What was sent counts at once; a header can only raise the count within a window, never lower it.
 */

/** Exits may spend the reserve and go first after a limit; entries may not. */
export type RequestKind = "entry" | "exit";

/** What requests cost: weight counts per address and minute, orders per account and 10 s and minute. */
export interface RequestCost {
  readonly weight: number;
  readonly orders: number;
}

export type Admission =
  | { readonly kind: "ok" }
  /** This much of the budget is spent until its window ends. */
  | { readonly kind: "wait"; readonly ms: number }
  /** The venue told us to stop (429, 418); venue time, epoch ms. */
  | { readonly kind: "refused"; readonly untilMs: number };

/** One limit of exchangeInfo.rateLimits. */
export interface RateLimit {
  readonly counts: "weight" | "orders";
  readonly intervalMs: number;
  readonly max: number;
  /** The header that reports its use, in lower case. */
  readonly header: string;
}

/**
 * The venue's documented limits: what is counted from the first request on. They are enforced only once
 * exchangeInfo has said what the true ones are: a process that starts into a spent minute must be able to ask.
 */
export const DOCUMENTED_RATE_LIMITS: readonly RateLimit[] = [
  { counts: "weight", intervalMs: 60_000, max: 2400, header: "x-mbx-used-weight-1m" },
  { counts: "orders", intervalMs: 10_000, max: 300, header: "x-mbx-order-count-10s" },
  { counts: "orders", intervalMs: 60_000, max: 1200, header: "x-mbx-order-count-1m" },
];

/** Entries wait this much longer than exits after a limit has ended. */
const EXITS_FIRST_MS = 1000;

interface Meter {
  readonly limit: RateLimit;
  window: number;
  used: number;
}

export interface RequestBudget {
  admit(kind: RequestKind, cost: RequestCost): Admission;
  /** Counts a request that is being sent; the returned function reads the reply's headers. */
  spend(cost: RequestCost): (header: (name: string) => string | null) => void;
  /** Nothing may be sent for this long (429, 418). */
  stopFor(ms: number): void;
  setLimits(limits: readonly RateLimit[]): void;
  /** For metrics: use and maximum of every limit in its current window. */
  usage(): readonly { readonly limit: RateLimit; readonly used: number }[];
}

/** `nowMs` is the venue's clock: its windows begin at whole minutes of its own time. */
export function createRequestBudget(options: {
  readonly nowMs: () => number;
  readonly exitReservePct: number;
}): RequestBudget {
  let meters: Meter[] = meter(DOCUMENTED_RATE_LIMITS);
  let limitsKnown = false;
  let stoppedUntilMs = 0;
  const entryShare = 1 - options.exitReservePct / 100;

  function current(one: Meter, nowMs: number): Meter {
    const window = Math.floor(nowMs / one.limit.intervalMs);
    if (window !== one.window) {
      one.window = window;
      one.used = 0;
    }
    return one;
  }

  return {
    admit(kind, cost) {
      const nowMs = options.nowMs();
      const untilMs = stoppedUntilMs + (kind === "entry" && stoppedUntilMs > 0 ? EXITS_FIRST_MS : 0);
      if (nowMs < untilMs) return { kind: "refused", untilMs };
      if (!limitsKnown) return { kind: "ok" };
      let waitMs = 0;
      for (const one of meters) {
        const { limit, used } = current(one, nowMs);
        const max = kind === "entry" ? Math.floor(limit.max * entryShare) : limit.max;
        if (cost[limit.counts] === 0 || used + cost[limit.counts] <= max) continue;
        waitMs = Math.max(waitMs, limit.intervalMs - (nowMs % limit.intervalMs));
      }
      return waitMs === 0 ? { kind: "ok" } : { kind: "wait", ms: waitMs };
    },
    spend(cost) {
      const sentMs = options.nowMs();
      const sentIn = meters.map((one) => {
        current(one, sentMs).used += cost[one.limit.counts];
        return { one, window: one.window };
      });
      return (header) => {
        for (const { one, window } of sentIn) {
          const reported = header(one.limit.header);
          if (reported === null || !/^\d{1,9}$/.test(reported)) continue;
          // A count of the window before says nothing of this one.
          if (current(one, options.nowMs()).window === window)
            one.used = Math.max(one.used, Number(reported));
        }
      };
    },
    stopFor(ms) {
      stoppedUntilMs = Math.max(stoppedUntilMs, options.nowMs() + ms);
    },
    setLimits(limits) {
      if (limits.length === 0) return;
      meters = meter(limits, meters);
      limitsKnown = true;
    },
    usage: () => meters.map((one) => ({ limit: one.limit, used: current(one, options.nowMs()).used })),
  };
}

/** Meters for these limits; what was counted under the same header goes on counting. */
function meter(limits: readonly RateLimit[], before: readonly Meter[] = []): Meter[] {
  return limits.map((limit) => {
    const known = before.find((one) => one.limit.header === limit.header);
    return { limit, window: known?.window ?? -1, used: known?.used ?? 0 };
  });
}
