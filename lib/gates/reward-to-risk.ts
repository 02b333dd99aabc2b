import { ZERO } from "./gate-number.ts";
import { entryNumbers, limitNumbers } from "./gate-numbers.ts";
import type { GateInput, GateVerdict, ProfitGate } from "./profit-gate.ts";

/**
 * Holds when abs(target − price) / abs(price − stop) is under the regime's minimum: MIN_R_TREND in TREND,
 * MIN_R_RANGE in every other regime. Compared as a product: no rounding of a quotient decides a trade.
 */
function decide(input: GateInput, { price, stop, target } = entryNumbers(input)): GateVerdict {
  const trend = input.regime === "TREND";
  const { minRTrend, minRRange } = limitNumbers(input.limits);
  const min = trend ? minRTrend : minRRange;
  const reward = price && target ? target.minus(price).abs() : undefined;
  const risk = price && stop ? price.minus(stop).abs() : undefined;
  if (reward && min && risk?.gt(ZERO) && reward.gte(risk.times(min))) return { verdict: "pass" };
  const minR = trend ? input.limits.MIN_R_TREND : input.limits.MIN_R_RANGE;
  const ratio = reward && risk?.gt(ZERO) ? reward.div(risk).round(6).toFixed() : "NaN";
  return { verdict: "held", reason: "R_TOO_LOW", detail: { ratio, minR, regime: input.regime } };
}

export const rewardToRisk: ProfitGate = { reason: "R_TOO_LOW", decide };
