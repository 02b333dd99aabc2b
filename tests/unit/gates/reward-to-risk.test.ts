import { expect, test } from "bun:test";
import { rewardToRisk } from "../../../lib/gates/reward-to-risk.ts";
import { VALID_ENTRY } from "./valid-entry.ts";

const AT_100 = { ...VALID_ENTRY, price: "100", stopLoss: "98" };

test.each([
  ["TREND", "105", "pass"],
  ["TREND", "104.99", "held"],
  ["RANGE", "103.6", "pass"],
  ["RANGE", "103.59", "held"],
  ["HIGH_VOL", "103.6", "pass"],
  ["HIGH_VOL", "103.59", "held"],
  ["LOW_VOL", "103.6", "pass"],
  ["LOW_VOL", "103.59", "held"],
] as const)("in %s with 2 of risk a target of %s: %s", (regime, takeProfit, verdict) => {
  expect(rewardToRisk.decide({ ...AT_100, regime, takeProfit }).verdict).toBe(verdict);
});

test.each([
  ["a short, by absolute distances", "102", "95", "pass"],
  ["a stop at the price", "100", "105", "held"],
  ["a stop that is no number", "abc", "105", "held"],
  ["a target that is no number", "98", "Infinity", "held"],
] as const)("%s (stop %s, target %s): %s", (_what, stopLoss, takeProfit, verdict) => {
  expect(rewardToRisk.decide({ ...AT_100, stopLoss, takeProfit }).verdict).toBe(verdict);
});

test("a quotient that rounding would lift over the limit holds: 5/3 against 1.666666666667", () => {
  const limits = { ...VALID_ENTRY.limits, MIN_R_RANGE: "1.666666666667" };
  const verdict = rewardToRisk.decide({
    ...AT_100,
    stopLoss: "97",
    takeProfit: "105",
    regime: "RANGE",
    limits,
  });
  expect(verdict).toMatchObject({ verdict: "held", detail: { ratio: "1.666667", minR: "1.666666666667" } });
});
