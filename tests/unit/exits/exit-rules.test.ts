import { describe, expect, test } from "bun:test";
import {
  EXIT_REASONS,
  EXIT_RULES,
  type ExitRuleInput,
  type ExitTerms,
} from "../../../lib/exits/exit-rule.ts";
import { hardStop } from "../../../lib/exits/hard-stop.ts";
import { takeProfit } from "../../../lib/exits/take-profit.ts";
import { timeStop } from "../../../lib/exits/time-stop.ts";
import { trailingStop } from "../../../lib/exits/trailing-stop.ts";

const OPENED_MS = 1_700_000_000_000;
const LONG: ExitTerms = {
  stopLoss: "95",
  takeProfit: "110",
  trailPercent: "2",
  openedAtMs: OPENED_MS,
  maxHoldSec: 60,
};
const SHORT: ExitTerms = { ...LONG, stopLoss: "105", takeProfit: "90" };

const long = (change: Partial<ExitRuleInput> = {}): ExitRuleInput => ({
  side: "LONG",
  terms: LONG,
  mark: "100",
  extreme: "100",
  nowMs: OPENED_MS,
  ...change,
});
const short = (change: Partial<ExitRuleInput> = {}): ExitRuleInput =>
  long({ side: "SHORT", terms: SHORT, ...change });

test("the rules stand in order of precedence: hard stop, trailing stop, take profit, time stop", () => {
  expect(EXIT_RULES.map(({ reason }) => reason)).toEqual([...EXIT_REASONS]);
  expect(EXIT_RULES).toEqual([hardStop, trailingStop, takeProfit, timeStop]);
});

describe("hard stop", () => {
  test.each([
    ["a long above its stop holds", long({ mark: "95.01" }), "hold"],
    ["a long at its stop exits", long({ mark: "95" }), "exit"],
    ["a long through its stop exits", long({ mark: "80" }), "exit"],
    ["a short below its stop holds", short({ mark: "104.99" }), "hold"],
    ["a short at its stop exits", short({ mark: "105" }), "exit"],
    ["a short through its stop exits", short({ mark: "150" }), "exit"],
    ["without a price it holds", long({ mark: null }), "hold"],
  ] as const)("%s", (_what, input, verdict) => {
    expect(hardStop.decide(input).verdict).toBe(verdict);
  });

  test("it says how far the stop is, in percent of the mark; negative is past it", () => {
    expect(hardStop.decide(long())).toMatchObject({ level: "95", distancePct: "5" });
    expect(hardStop.decide(short({ mark: "100" }))).toMatchObject({ level: "105", distancePct: "5" });
    expect(hardStop.decide(long({ mark: "94" })).distancePct).toBe("-1.06");
  });
});

describe("take profit", () => {
  test.each([
    ["a long below its target holds", long({ mark: "109.99" }), "hold"],
    ["a long at its target exits", long({ mark: "110" }), "exit"],
    ["a short above its target holds", short({ mark: "90.01" }), "hold"],
    ["a short at its target exits", short({ mark: "90" }), "exit"],
    ["without a price it holds", short({ mark: null }), "hold"],
  ] as const)("%s", (_what, input, verdict) => {
    expect(takeProfit.decide(input).verdict).toBe(verdict);
  });
});

describe("trailing stop", () => {
  test.each([
    ["a long less than the trail below its best mark holds", long({ mark: "117.7", extreme: "120" }), "hold"],
    ["a long the trail below its best mark exits", long({ mark: "117.6", extreme: "120" }), "exit"],
    ["a short less than the trail above its best mark holds", short({ mark: "81.5", extreme: "80" }), "hold"],
    ["a short the trail above its best mark exits", short({ mark: "81.6", extreme: "80" }), "exit"],
    ["without a best mark it holds", long({ mark: "1", extreme: null }), "hold"],
    ["without a trail it has no say", long({ mark: "1", terms: { ...LONG, trailPercent: null } }), "hold"],
    ["without a price it holds", long({ mark: null }), "hold"],
  ] as const)("%s", (_what, input, verdict) => {
    expect(trailingStop.decide(input).verdict).toBe(verdict);
  });

  test("its level is exact, not rounded by floating point", () => {
    expect(trailingStop.decide(long({ extreme: "0.3", terms: { ...LONG, trailPercent: "0.1" } })).level).toBe(
      "0.2997",
    );
  });
});

describe("time stop", () => {
  test.each([
    ["a millisecond before its time is up it holds", 59_999, "hold"],
    ["when its time is up it exits, without a price too", 60_000, "exit"],
  ] as const)("%s", (_what, heldMs, verdict) => {
    expect(timeStop.decide(long({ mark: null, nowMs: OPENED_MS + heldMs }))).toMatchObject({
      verdict,
      remainingMs: 60_000 - heldMs,
    });
  });
});
