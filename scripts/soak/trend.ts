import { median } from "../bench/measure/median.ts";

/** One measured value. Values of different lives of a process are never compared with each other. */
export interface Point {
  readonly minute: number;
  readonly value: number;
  readonly life: number;
}

export interface Trend {
  /** Median of the first and of the last tenth of the points. */
  readonly start: number;
  readonly end: number;
  /** Theil-Sen: the median of the slopes of all pairs; a third of the points may be anything. */
  readonly perHour: number;
  /** What the line rises in the time that was measured. */
  readonly rise: number;
  /** A larger rise is growth. */
  readonly tolerance: number;
  readonly flat: boolean;
}

/** What a measure may rise by over the measured time: `share` of its median, at least `floor`. */
export interface Tolerance {
  readonly share: number;
  readonly floor: number;
}

/** Pairs grow with the square: more points than these are thinned evenly. */
const POINTS_MAX = 600;
/** Fewer say nothing. */
const POINTS_MIN = 12;

/** The trend of a series, or undefined when there are too few points to tell. Points in order of their time. */
export function trendOf(points: readonly Point[], tolerance: Tolerance): Trend | undefined {
  if (points.length < POINTS_MIN) return undefined;
  const step = Math.ceil(points.length / POINTS_MAX);
  const thinned = points.filter((_, at) => at % step === 0);
  const perMinute = median(pairSlopes(thinned));
  const longest = [...Map.groupBy(points, ({ life }) => life).values()]
    .map((life) => (life.at(-1)?.minute ?? 0) - (life[0]?.minute ?? 0))
    .reduce((one, other) => Math.max(one, other), 0);
  const tenth = Math.ceil(points.length / 10);
  const values = points.map(({ value }) => value);
  const allowed = Math.max(tolerance.floor, tolerance.share * Math.abs(median(values)));
  const rise = perMinute * longest;
  return {
    start: median(values.slice(0, tenth)),
    end: median(values.slice(-tenth)),
    perHour: perMinute * 60,
    rise,
    tolerance: allowed,
    flat: rise <= allowed,
  };
}

function pairSlopes(points: readonly Point[]): number[] {
  const slopes: number[] = [];
  for (const [at, early] of points.entries()) {
    for (const late of points.slice(at + 1)) {
      if (late.life !== early.life || late.minute <= early.minute) continue;
      slopes.push((late.value - early.value) / (late.minute - early.minute));
    }
  }
  return slopes;
}
