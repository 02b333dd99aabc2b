import Big from "big.js";
import { adoptionId } from "../contract/position-plan.ts";
import type { ExitPlan } from "./exit-plan.ts";
import type { WatchedPosition } from "./watched-position.ts";

/** The plan of a position that nobody made one for. Percents as decimal text. */
export interface DefaultTerms {
  readonly stopPct: string;
  readonly targetPct: string;
  readonly maxHoldSec: number;
}

/**
 * The default plan: stop and target measured from the mark at adoption and not from the entry, so that adopting
 * never closes a position at once; its time runs from now for the same reason. Pure.
 */
export function decideDefaultPlan(input: {
  readonly position: WatchedPosition;
  /** The mark; the entry price where none is known. */
  readonly reference: string;
  /** Epoch ms on the venue's clock. */
  readonly nowMs: number;
  readonly terms: DefaultTerms;
}): ExitPlan {
  const { position, terms } = input;
  const reference = new Big(input.reference);
  const shifted = (pct: string, up: boolean) =>
    reference.plus(
      reference
        .times(pct)
        .div(100)
        .times(up ? 1 : -1),
    );
  const long = position.side === "LONG";
  // A short's target of 100 % and more would lie at or below zero, where no price ever is.
  const target = shifted(terms.targetPct, long);
  const stopLoss = shifted(terms.stopPct, !long).toFixed();
  const reachable = target.gt(0) ? target : reference.div(1000);
  return {
    intentId: adoptionId(position.key, input.nowMs),
    side: position.side,
    entryPrice: position.entryPrice,
    stopLoss,
    defaultStop: stopLoss,
    takeProfit: reachable.toFixed(),
    trailPercent: null,
    openedAtMs: input.nowMs,
    maxHoldSec: terms.maxHoldSec,
    extreme: null,
  };
}
