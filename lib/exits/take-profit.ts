import type { ExitRule, ExitRuleInput, RuleVerdict } from "./exit-rule.ts";
import { priceLevelVerdict } from "./price-level.ts";

/** Exits when the mark reaches the plan's target: at or above it for a long, at or below it for a short. */
function decide(input: ExitRuleInput): RuleVerdict {
  return priceLevelVerdict({
    mark: input.mark,
    level: input.terms.takeProfit,
    falling: input.side === "SHORT",
  });
}

export const takeProfit: ExitRule = { reason: "TAKE_PROFIT", decide };
