/**
 * How much a series rises, and how sure that is.
 *
 * 1. The window is cut into equal parts, and each part counts with its median: neighbouring samples of a heap that saws
 *    between two collections tell the same thing again and must not count as more evidence. Of what comes and goes above
 *    what stays, and is missing for a moment at times, the lower quartile counts: a leak raises that as well.
 * 2. The slope is Theil and Sen's, the median of the slopes of all pairs of parts, with their 95 % interval from
 *    Kendall's statistic: no distribution is assumed, and a third of the parts may be anything.
 * 3. Parts of different lives of a process are never compared: a restart is neither growth nor shrinkage.
 */
import { median } from "../bench/measure/median.ts";
import { quartiles } from "../bench/measure/quartiles.ts";

/** One measured value. */
export interface Point {
  readonly minute: number;
  readonly value: number;
  readonly life: number;
}

/** What is measured, minutes since the start of the run. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** What a measure may rise by within the window: `share` of its median, at least `floor`; and what a part counts with. */
export interface Tolerance {
  readonly share: number;
  readonly floor: number;
  /** Default: its median. */
  readonly countsWith?: "lower quartile";
}

export interface Trend {
  /** What the first and the last part count with. */
  readonly start: number;
  readonly end: number;
  readonly perHour: number;
  /** What the line rises within the window, and the ends of its 95 % interval. */
  readonly rise: number;
  readonly riseLow: number;
  readonly riseHigh: number;
  readonly allowed: number;
  /** Flat: surely no more than is allowed. Grows: surely rising, and by more than is allowed. Else it is not known. */
  readonly verdict: "flat" | "grows" | "unsure";
}

const PARTS = 15;
/** Fewer say nothing. */
const PARTS_MIN = 6;
const Z_95 = 1.96;

/** The trend of the points within the window; undefined when they are too few to tell. */
export function trendOf(
  points: readonly Point[],
  { window, tolerance }: { readonly window: Window; readonly tolerance: Tolerance },
): Trend | undefined {
  const lives = partsOf(points, window, tolerance.countsWith === undefined ? median : lowerQuartile);
  const parts = lives.flat();
  const slopes = lives.flatMap(pairSlopes).sort((one, other) => one - other);
  const first = parts[0];
  const last = parts.at(-1);
  if (first === undefined || last === undefined || slopes.length < (PARTS_MIN * (PARTS_MIN - 1)) / 2)
    return undefined;
  const { low, high } = intervalOf(slopes, lives);
  const minutes = window.to - window.from;
  const [rise, riseLow, riseHigh] = [median(slopes) * minutes, low * minutes, high * minutes];
  const values = parts.map(({ value }) => value);
  const allowed = Math.max(tolerance.floor, tolerance.share * Math.abs(median(values)));
  const grows = riseLow > 0 && rise > allowed;
  return {
    ...{
      start: first.value,
      end: last.value,
      perHour: median(slopes) * 60,
      rise,
      riseLow,
      riseHigh,
      allowed,
    },
    verdict: grows ? "grows" : riseHigh <= allowed ? "flat" : "unsure",
  };
}

type Part = Omit<Point, "life">;

const lowerQuartile = (values: readonly number[]) => quartiles(values).low;

/** Every part of the window that has a point, with what its values count as, by life, oldest first. */
function partsOf(
  points: readonly Point[],
  { from, to }: Window,
  countsAs: (values: readonly number[]) => number,
): readonly (readonly Part[])[] {
  const within = points.filter(({ minute }) => minute >= from && minute <= to);
  const partOf = ({ minute }: Point) =>
    Math.min(PARTS - 1, Math.floor(((minute - from) / (to - from)) * PARTS));
  return [...Map.groupBy(within, ({ life }) => life).values()].map((life) =>
    [...Map.groupBy(life, partOf).values()].map((part) => ({
      minute: median(part.map(({ minute }) => minute)),
      value: countsAs(part.map(({ value }) => value)),
    })),
  );
}

function pairSlopes(parts: readonly Part[]): readonly number[] {
  return parts.flatMap((early, at) =>
    parts.slice(at + 1).map((late) => (late.value - early.value) / (late.minute - early.minute)),
  );
}

/** Sen's interval: as many slopes to either side of the middle as Kendall's statistic strays by chance. */
function intervalOf(sorted: readonly number[], lives: readonly (readonly Part[])[]) {
  const variance = lives.reduce((sum, { length: n }) => sum + (n * (n - 1) * (2 * n + 5)) / 18, 0);
  const stray = Z_95 * Math.sqrt(variance);
  const low = Math.max(0, Math.floor((sorted.length - stray) / 2));
  const high = Math.min(sorted.length - 1, Math.ceil((sorted.length + stray) / 2));
  return { low: sorted[low] ?? Number.NaN, high: sorted[high] ?? Number.NaN };
}
