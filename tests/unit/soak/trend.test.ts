import { expect, test } from "bun:test";
import { type Point, trendOf } from "../../../scripts/soak/trend.ts";
import { seededRandom } from "../../../scripts/stack/seeded-random.ts";

const TOLERANCE = { share: 0.05, floor: 2 };

/** A point a second of a minute each, by what the value is at a minute. */
function series(minutes: number, valueAt: (minute: number) => number, life = 1): readonly Point[] {
  return Array.from({ length: minutes }, (_, minute) => ({ minute, life, value: valueAt(minute) }));
}

test("a leak of a third of a MiB a minute is growth, however the heap saws", () => {
  const random = seededRandom(1);
  const trend = trendOf(
    series(60, (minute) => 80 + minute / 3 + random() * 15),
    TOLERANCE,
  );
  expect(trend?.flat).toBe(false);
  expect(trend?.perHour).toBeWithin(15, 25);
});

test("noise, a sawtooth and a few absurd values are flat", () => {
  const random = seededRandom(2);
  const saw = series(60, (minute) => (minute % 17 === 0 ? 500 : 100 + (minute % 5) + random() * 3));
  expect(trendOf(saw, TOLERANCE)?.flat).toBe(true);
});

test("a restart is neither growth nor shrinkage: lives are not compared with each other", () => {
  const lives = [
    ...series(20, () => 50, 1),
    ...series(20, () => 90, 2).map((point) => ({ ...point, minute: point.minute + 20 })),
  ];
  expect(trendOf(lives, TOLERANCE)).toMatchObject({ perHour: 0, rise: 0, flat: true, start: 50, end: 90 });
});

test("one descriptor a minute is growth even within a long series of small numbers", () => {
  expect(
    trendOf(
      series(300, (minute) => 20 + minute),
      { share: 0, floor: 2 },
    ),
  ).toMatchObject({ flat: false, perHour: 60 });
});

test("too few points say nothing", () => {
  expect(
    trendOf(
      series(5, () => 1),
      TOLERANCE,
    ),
  ).toBeUndefined();
});
