import { expect, test } from "bun:test";
import { type Aim, isMet, verdictOf } from "../../../scripts/bench/finding.ts";
import { figureText } from "../../../scripts/bench/measure/figures.ts";
import { median } from "../../../scripts/bench/measure/median.ts";
import { quartiles } from "../../../scripts/bench/measure/quartiles.ts";
import { ratioOfRounds } from "../../../scripts/bench/measure/ratio-of-rounds.ts";
import { findingLine } from "../../../scripts/bench/report/finding-lines.ts";

const atLeast: Aim = { of: "ratio", bound: "at least", limit: 2.5 };
const atMost: Aim = { of: "figure", bound: "at most", limit: 2 };

test.each([
  ["2.5 is at least 2.5", 2.5, atLeast, true],
  ["2.49 is not at least 2.5", 2.49, atLeast, false],
  ["9 is not at most 2.5", 9, { ...atLeast, bound: "at most" }, false],
] satisfies [string, number, Aim, boolean][])("a ratio of %s", (_, value, aim, met) => {
  expect(isMet({ what: "w", figure: 1, unit: "ms", ratio: { value, to: "it" }, aim })).toBe(met);
});

test.each([
  [2, true],
  [2.01, false],
] as const)("a figure of %d against at most 2 is met: %p", (figure, met) => {
  expect(isMet({ what: "w", figure, unit: "ms", aim: atMost })).toBe(met);
});

test("without an aim nothing is met or missed, and an aim for an absent ratio is a mistake of ours", () => {
  expect(isMet({ what: "w", figure: 1, unit: "ms" })).toBeUndefined();
  expect(() => isMet({ what: "w", figure: 1, unit: "ms", aim: atLeast })).toThrow("no ratio");
});

test("a line says value, ratio, aim and whether it is met", () => {
  const ratio = { value: 3.456, to: "the floor" };
  expect(
    findingLine({ what: "start", figure: 57.31, unit: "ms", detail: "54–60", ratio, aim: atLeast }),
  ).toEqual({
    what: "start",
    value: "57.3 ms (54–60)",
    ratio: "3.46 × the floor",
    aim: "≥ 2.5 ×",
    verdict: "met",
  });
});

test.each([
  [12_345.6, "12 346"],
  [99.7, "100"],
  [5.6789, "5.68"],
  [0.04567, "0.046"],
  [1_234_567, "1 234 567"],
])("%d reads %p", (value, text) => {
  expect(figureText(value)).toBe(text);
});

test("the median is the middle, between two their mean, and of nothing an error", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(() => median([])).toThrow();
});

test("one round that the machine disturbed moves neither the median nor the quartiles", () => {
  expect(quartiles([10, 11, 9, 10, 900])).toEqual({ middle: 10, low: 10, high: 11 });
  expect(quartiles([5])).toEqual({ middle: 5, low: 5, high: 5 });
});

test("a ratio of rounds pairs what was measured in turn", () => {
  const rounds = [
    { ours: 10, theirs: 5 },
    { ours: 40, theirs: 20 },
    { ours: 3, theirs: 1 },
  ];
  const against = { of: (round: (typeof rounds)[number]) => round.theirs, to: "theirs" };
  expect(ratioOfRounds(rounds, (round) => round.ours, against)).toMatchObject({
    value: 2,
    low: 2,
    high: 2.5,
  });
});

test.each([
  ["close together", { value: 3, low: 2.9, high: 3.1 }, "met"],
  ["a third apart", { value: 3, low: 2.5, high: 3.5 }, "met, noisy"],
  ["around the aim", { value: 2, low: 1, high: 3 }, "NOT MET, noisy"],
] as const)("rounds that disagree are said to be noisy: %s", (_, ratio, verdict) => {
  expect(verdictOf({ what: "w", figure: 1, unit: "ms", ratio: { ...ratio, to: "it" }, aim: atLeast })).toBe(
    verdict,
  );
});
