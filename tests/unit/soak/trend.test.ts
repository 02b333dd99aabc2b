import { expect, test } from "bun:test";
import { type Point, type Trend, trendOf } from "../../../scripts/soak/trend.ts";
import { seededRandom } from "../../../scripts/stack/seeded-random.ts";

/** Fifteen points a minute, by what the value is at a minute. */
function series(minutes: number, valueAt: (minute: number) => number, life = 1): readonly Point[] {
  return Array.from({ length: minutes * 15 }, (_, at) => ({
    minute: at / 15,
    life,
    value: valueAt(at / 15),
  }));
}

/** The second half of an hour, as the soak looks at it. */
function judged(points: readonly Point[], floor = 4): Trend | undefined {
  return trendOf(points, { window: { from: 30, to: 60 }, tolerance: { share: 0, floor } });
}

/** A heap that is collected when it has grown by so much, every few minutes. */
const saw = (minute: number, height: number, everyMinutes: number) =>
  (height * (minute % everyMinutes)) / everyMinutes;

test("a leak of a third of a MiB a minute grows, however the heap saws", () => {
  const random = seededRandom(1);
  const trend = judged(series(60, (minute) => 80 + minute / 3 + saw(minute, 12, 3.7) + random() * 5));
  expect(trend?.verdict).toBe("grows");
  expect(trend?.perHour).toBeWithin(15, 25);
  expect(trend?.riseLow).toBeLessThan(10);
  expect(trend?.riseHigh).toBeGreaterThan(10);
});

test.each([
  ["noise", () => 0],
  ["a heap that saws every four minutes", (minute: number) => saw(minute, 12, 4)],
  ["a peak now and then", (minute: number) => (Math.floor(minute * 15) % 17 === 0 ? 400 : 0)],
  ["a warm-up that ends before the window", (minute: number) => Math.min(minute, 29)],
])("%s is flat", (_, more) => {
  const random = seededRandom(2);
  expect(judged(series(60, (minute) => 100 + random() * 2 + more(minute)))?.verdict).toBe("flat");
});

test("a heap that was collected once within the window is not called flat, and no leak either", () => {
  expect(judged(series(60, (minute) => 100 + saw(minute, 30, 25)))?.verdict).toBe("unsure");
});

test("what surely rises, by less than is allowed, is flat", () => {
  expect(judged(series(60, (minute) => 100 + minute / 20))).toMatchObject({ verdict: "flat" });
});

test("a restart is neither growth nor shrinkage: lives are not compared with each other", () => {
  const lives = [...series(45, () => 50, 1), ...series(60, () => 90, 2).filter(({ minute }) => minute > 45)];
  expect(judged(lives, 0)).toMatchObject({ perHour: 0, rise: 0, start: 50, end: 90, verdict: "flat" });
});

/** Connections that a client keeps for a while after the venue has answered late: eight, seldom or most of the time. */
const pooled = (minute: number) => (Math.floor(minute * 15) % 7 < minute / 15 ? 8 : 0);
/** Connections that were cut a moment ago, and are back within seconds: fourteen. */
const cut = (minute: number) => (Math.floor(minute * 15) % 9 === 8 ? 14 : 0);
const held = (minute: number) => 28 + pooled(minute) - cut(minute);
const byTheQuartile = {
  window: { from: 30, to: 60 },
  tolerance: { share: 0, floor: 3, countsWith: "lower quartile" },
} as const;

test("what comes and goes above what stays, and is missing for a moment, is no growth", () => {
  expect(judged(series(60, held), 3)?.verdict).not.toBe("flat");
  expect(trendOf(series(60, held), byTheQuartile)?.verdict).toBe("flat");
});

test("a leak below what comes and goes is one", () => {
  const leaking = series(60, (minute) => held(minute) + Math.floor(minute / 4));
  expect(trendOf(leaking, byTheQuartile)?.verdict).toBe("grows");
});

test("a descriptor every ten minutes grows", () => {
  expect(
    judged(
      series(60, (minute) => 20 + Math.floor(minute / 10)),
      2,
    ),
  ).toMatchObject({ verdict: "grows" });
});

test("too few points say nothing", () => {
  expect(judged(series(32, () => 1))).toBeUndefined();
});
