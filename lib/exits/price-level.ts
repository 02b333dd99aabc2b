import Big from "big.js";
import type { RuleVerdict } from "./exit-rule.ts";

/**
 * The verdict of a rule that exits when the mark reaches `level` from above (`falling`) or from below.
 * Reaching is enough: a mark exactly at the level exits.
 */
export function priceLevelVerdict(input: {
  readonly mark: string | null;
  readonly level: string;
  readonly falling: boolean;
}): RuleVerdict {
  const level = new Big(input.level);
  if (input.mark === null) {
    return { verdict: "hold", level: level.toFixed(), distancePct: null, remainingMs: null };
  }
  const mark = new Big(input.mark);
  const gap = input.falling ? mark.minus(level) : level.minus(mark);
  return {
    verdict: gap.lte(0) ? "exit" : "hold",
    level: level.toFixed(),
    distancePct: mark.eq(0) ? null : gap.times(100).div(mark).round(2).toFixed(),
    remainingMs: null,
  };
}

/** The verdict of a rule that has no say over a position. */
export const NOT_APPLICABLE: RuleVerdict = {
  verdict: "hold",
  level: null,
  distancePct: null,
  remainingMs: null,
};
