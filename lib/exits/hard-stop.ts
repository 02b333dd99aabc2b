import type { ExitRule, ExitRuleInput, RuleVerdict } from "./exit-rule.ts";
import { priceLevelVerdict } from "./price-level.ts";

/** Exits when the mark reaches the plan's stop: at or below it for a long, at or above it for a short. */
function decide(input: ExitRuleInput): RuleVerdict {
  return priceLevelVerdict({
    mark: input.mark,
    level: input.terms.stopLoss,
    falling: input.side === "LONG",
  });
}

export const hardStop: ExitRule = { reason: "HARD_STOP", decide };
