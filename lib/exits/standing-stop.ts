import Big from "big.js";
import type { ExitPlan } from "./exit-plan.ts";

/** Whether a position of that side is left earlier at `one` than at `other`. */
export function isTighter(side: ExitPlan["side"], one: string, other: string): boolean {
  return side === "LONG" ? new Big(one).gt(other) : new Big(one).lt(other);
}

/** The tightest of the stops, whose prices may be anything; null: there is none. */
export function tightest(side: ExitPlan["side"], stops: readonly { triggerPrice: string }[]): string | null {
  return stops
    .map(({ triggerPrice }) => triggerPrice)
    .filter((price) => new Big(price).gt(0))
    .reduce<string | null>((best, one) => (best === null || isTighter(side, one, best) ? one : best), null);
}

/**
 * A default plan knows nothing of what the position was opened for: a tighter stop of ours that stands becomes its
 * own. Once it is recorded it is like every other plan, to be edited either way.
 */
export function withStandingStop(plan: ExitPlan, standing: string | null): ExitPlan {
  const takes = plan.defaultStop !== undefined && standing !== null;
  return takes && isTighter(plan.side, standing, plan.stopLoss) ? { ...plan, stopLoss: standing } : plan;
}
