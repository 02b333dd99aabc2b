import Big from "big.js";
import type { ExitRule, ExitRuleInput, RuleVerdict } from "./exit-rule.ts";
import { NOT_APPLICABLE, priceLevelVerdict } from "./price-level.ts";

/**
 * Exits when the mark has come back `trailPercent` percent from the best mark since the entry. It trails from
 * the first moment on, and only ever tightens, since the best mark never gets worse.
 */
function decide(input: ExitRuleInput): RuleVerdict {
  const level = trailingLevel(input);
  if (level === null) return NOT_APPLICABLE;
  return priceLevelVerdict({ mark: input.mark, level, falling: input.side === "LONG" });
}

/** The price of the trailing stop; null without a trail or a best mark. */
export function trailingLevel(input: Pick<ExitRuleInput, "side" | "terms" | "extreme">): string | null {
  const { trailPercent } = input.terms;
  if (trailPercent === null || input.extreme === null) return null;
  const extreme = new Big(input.extreme);
  const distance = extreme.times(trailPercent).div(100);
  return (input.side === "LONG" ? extreme.minus(distance) : extreme.plus(distance)).toFixed();
}

export const trailingStop: ExitRule = { reason: "TRAILING_STOP", decide };
