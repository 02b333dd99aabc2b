/**
 * How much may still be asked of the venue, from the limits and headers that it sends.
 *
 * Invariants
 * 1. Entries never use the last `exitReservePct` of any limit; exits may use all of it.
 * 2. After a 429 or 418 nothing is admitted before its time; then exits go first, entries a second later.
 * 3. What was sent counts at once; a header can only raise the count within a window, never lower it.
 * 4. Others spend at the same account and address: what a reply reports is theirs and ours up to it, and what of ours
 *    is unanswered comes on top. A request that is never answered counts until its window ends.
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

/** Of the current window. */
interface Spent {
  window: number;
  /** By us. */
  sent: number;
  /** Of that, what no reply has come to. */
  unanswered: number;
  /** By everybody, as the venue has said. */
  reported: number;
}

interface Meter {
  readonly limit: RateLimit;
  readonly spent: Spent;
}

const usedOf = ({ sent, unanswered, reported }: Spent): number => Math.max(sent, reported + unanswered);

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

/**
 * `nowMs` is the venue's clock: its windows begin at whole minutes of its own time. A stop is measured by the monotonic
 * one: before the venue's time is known its clock is the local one, and may step by a day.
 */
export function createRequestBudget(options: {
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly exitReservePct: number;
}): RequestBudget {
  let meters: Meter[] = meter(DOCUMENTED_RATE_LIMITS);
  let limitsKnown = false;
  let stoppedUntil: number | undefined;
  const entryShare = 1 - options.exitReservePct / 100;

  function current({ limit, spent }: Meter, nowMs: number): Spent {
    const window = Math.floor(nowMs / limit.intervalMs);
    if (window !== spent.window) Object.assign(spent, { window, sent: 0, unanswered: 0, reported: 0 });
    return spent;
  }

  return {
    admit(kind, cost) {
      const nowMs = options.nowMs();
      const stoppedMs =
        stoppedUntil === undefined
          ? 0
          : stoppedUntil + (kind === "entry" ? EXITS_FIRST_MS : 0) - options.monotonicMs();
      if (stoppedMs > 0) return { kind: "refused", untilMs: Math.ceil(nowMs + stoppedMs) };
      if (!limitsKnown) return { kind: "ok" };
      let waitMs = 0;
      for (const one of meters) {
        const { limit } = one;
        const used = usedOf(current(one, nowMs));
        const max = kind === "entry" ? Math.floor(limit.max * entryShare) : limit.max;
        if (cost[limit.counts] === 0 || used + cost[limit.counts] <= max) continue;
        waitMs = Math.max(waitMs, limit.intervalMs - (nowMs % limit.intervalMs));
      }
      return waitMs === 0 ? { kind: "ok" } : { kind: "wait", ms: waitMs };
    },
    spend(cost) {
      const sentMs = options.nowMs();
      const sentIn = meters.map((one) => {
        const spent = current(one, sentMs);
        const own = cost[one.limit.counts];
        spent.sent += own;
        spent.unanswered += own;
        return { one, own, window: spent.window };
      });
      return (header) => {
        for (const { one, own, window } of sentIn) {
          const spent = current(one, options.nowMs());
          // A count of the window before says nothing of this one.
          if (spent.window !== window) continue;
          spent.unanswered -= own;
          const reported = header(one.limit.header);
          if (reported === null || !/^\d{1,9}$/.test(reported)) continue;
          spent.reported = Math.max(spent.reported, Number(reported));
        }
      };
    },
    stopFor(ms) {
      stoppedUntil = Math.max(stoppedUntil ?? 0, options.monotonicMs() + ms);
    },
    setLimits(limits) {
      if (limits.length === 0) return;
      meters = meter(limits, meters);
      limitsKnown = true;
    },
    usage: () => meters.map((one) => ({ limit: one.limit, used: usedOf(current(one, options.nowMs())) })),
  };
}

/** Meters for these limits; what was counted under the same header goes on counting. */
function meter(limits: readonly RateLimit[], before: readonly Meter[] = []): Meter[] {
  return limits.map((limit) => {
    const known = before.find((one) => one.limit.header === limit.header);
    return { limit, spent: known?.spent ?? { window: -1, sent: 0, unanswered: 0, reported: 0 } };
  });
}
