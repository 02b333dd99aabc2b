import type { ExitRule, ExitRuleInput, RuleVerdict } from "./exit-rule.ts";

/** Exits once the position has been held for the plan's longest time, whatever the price. */
function decide(input: ExitRuleInput): RuleVerdict {
  const remainingMs = input.terms.openedAtMs + input.terms.maxHoldSec * 1000 - input.nowMs;
  return {
    verdict: remainingMs <= 0 ? "exit" : "hold",
    level: null,
    distancePct: null,
    remainingMs,
  };
}

export const timeStop: ExitRule = { reason: "TIME_STOP", decide };
