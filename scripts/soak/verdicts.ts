/**
 * What became of every series.
 *
 * 1. Warm-up is left out by rule. The window begins when the last kill and then a key's day are over, at 60 % of the run;
 *    a life counts once it is ten minutes old: for that long code is still being compiled, which takes 1 to 3 MiB.
 * 2. What a process keeps by contract is stated as bytes a thing kept, and subtracted: only the rest must be flat.
 */
import { keysPerCause, SHORT_LIVED } from "./key-causes.ts";
import { type Point, type Tolerance, type Trend, trendOf, type Window } from "./trend.ts";

/** One measure of one process, or of Redis. */
export interface Series {
  readonly subject: string;
  readonly measure: string;
  readonly points: readonly Point[];
}

/** A series and what became of it. `trend` is undefined where there was too little to measure. */
export interface Verdict {
  readonly subject: string;
  readonly measure: string;
  readonly trend: Trend | undefined;
}

/** Part of the run. */
const MEASURE_FROM = 0.6;
const SETTLE_MINUTES = 10;

/**
 * What a measure may rise by within the window: the resolution of the run, so that a longer one allows less an hour.
 * Code that was compiled and thrown away moves a collected heap by some 0.1 MiB; resident memory moves with whatever
 * the allocator has given back; a length saws between two trims; connections to a venue that answers late come and go,
 * above those that stay. Keys that expire are judged for each of their causes (key-causes.ts).
 */
const TOLERANCES: readonly (readonly [RegExp, Tolerance])[] = [
  [/^heap MiB$/, { share: 0.05, floor: 0.5 }],
  [/MiB$/, { share: 0.06, floor: 4 }],
  [/^descriptors$/, { share: 0.2, floor: 3, countsWith: "lower quartile" }],
  [/^connections/, { share: 0, floor: 1 }],
  [/^pending/, { share: 0, floor: 5 }],
  [/^length/, { share: 0.02, floor: 20 }],
  [/^keys without an end$/, { share: 0.02, floor: 5 }],
  [/^keys for each/, { share: 0.1, floor: 0.02 }],
  [/^keys: /, { share: 0.15, floor: 40 }],
];
/**
 * Sampled and plotted, not judged: the proportional set size moves with whoever else maps the same binary, what is
 * kept for ever is as long as the number of its causes, the counts of what is kept or was added rise by contract, and
 * of all keys together and of those that expire something else is judged.
 */
const UNJUDGED = /^PSS|^kept$|^keys$|^added to |length of (?:system:|quantum:stream:audit)/;

/** Whether a measure is shown only. */
export const isUnjudged = (measure: string): boolean =>
  UNJUDGED.test(measure) || SHORT_LIVED.has(measure.replace("keys: ", ""));

/** What a process is meant to keep: bytes in its heap for each thing that its series `kept` counts. */
export const STATED_BYTES: ReadonlyMap<string, { readonly bytes: number; readonly what: string }> = new Map([
  ["paper-exchange", { bytes: 1450, what: "order or stop, with its fills and incomes, for ever" }],
  [
    "audit-logger",
    {
      bytes: 60,
      what: "recorded entry, its id, for two days",
    },
  ],
]);
/** Between two collections a heap takes about twice of what it holds. */
const RESIDENT_FACTOR = 2;

/** Judges every series of a run of so many minutes. */
export function judge(series: readonly Series[], minutes: number): readonly Verdict[] {
  const window = windowOf(minutes);
  return [...series, ...keysPerCause(series, minutes)]
    .filter(({ measure }) => !isUnjudged(measure))
    .map((one) => {
      const { subject, measure } = one;
      const tolerance = TOLERANCES.find(([pattern]) => pattern.test(measure))?.[1];
      if (tolerance === undefined) throw new Error(`no tolerance for ${measure}`);
      const points = withoutKept(settled(one.points), one, series);
      return { subject, measure, trend: trendOf(points, { window, tolerance }) };
    });
}

/** The window that `judge` looks at. */
export function windowOf(minutes: number): Window {
  return { from: minutes * MEASURE_FROM, to: minutes };
}

/** Each life only once it has settled. What is no process' is of life 0, and needs no warm-up. */
function settled(points: readonly Point[]): readonly Point[] {
  const born = new Map<number, number>();
  for (const { life, minute } of points) if (!born.has(life)) born.set(life, minute);
  return points.filter(({ life, minute }) => life === 0 || minute >= (born.get(life) ?? 0) + SETTLE_MINUTES);
}

/** The points, less what the process is meant to have taken by then. */
function withoutKept(points: readonly Point[], of: Series, all: readonly Series[]): readonly Point[] {
  const stated = STATED_BYTES.get(of.subject);
  const kept = all.find(({ subject, measure }) => subject === of.subject && measure === "kept")?.points ?? [];
  if (stated === undefined || kept.length === 0 || !of.measure.endsWith("MiB")) return points;
  const mibEach = (stated.bytes * (of.measure === "heap MiB" ? 1 : RESIDENT_FACTOR)) / 1024 / 1024;
  const before = countAt(kept, points[0]?.minute ?? 0);
  return points.map((point) => ({
    ...point,
    value: point.value - (countAt(kept, point.minute) - before) * mibEach,
  }));
}

/** How many were kept at that minute: the count of the nearest sample. */
function countAt(kept: readonly Point[], minute: number): number {
  const nearest = kept.reduce((one, other) =>
    Math.abs(other.minute - minute) < Math.abs(one.minute - minute) ? other : one,
  );
  return nearest.value;
}
