/**
 * Keys that expire are as many as there were causes of them in a day of theirs, and the load comes in bursts: what is
 * judged is how many there are for each cause. It rises when keys outlive their day.
 */
import { keysOf } from "../../lib/contract/keys.ts";
import type { Point } from "./trend.ts";

interface Measured {
  readonly subject: string;
  readonly measure: string;
  readonly points: readonly Point[];
}

const { decisionStream, intentStream, exitIntentStream } = keysOf("");

/** Families of keys whose day is short in the run, and the streams whose entries make them. */
const CAUSES: ReadonlyMap<string, { readonly what: string; readonly streams: readonly string[] }> = new Map([
  ["dedup by message", { what: "decision", streams: [decisionStream] }],
  ["dedup by intent", { what: "intent", streams: [intentStream, exitIntentStream] }],
  ["order ledger", { what: "intent", streams: [intentStream, exitIntentStream] }],
]);
/** What a day of a key's life is in the run, at most. */
const DAY_SEC_MAX = 300;
const DAY_SHARE = 0.2;

/** Families whose keys expire. */
export const SHORT_LIVED: ReadonlySet<string> = new Set(CAUSES.keys());

/** A key's day in a run of so many minutes. */
export const daySecOf = (minutes: number): number => Math.min(DAY_SEC_MAX, minutes * 60 * DAY_SHARE);

/** The series of what a stream has ever had. */
export const addedMeasure = (stream: string): string => `added to ${stream}`;

/** For each such family its keys for each cause of the last day, from one day after the first sample on. */
export function keysPerCause(series: readonly Measured[], minutes: number): readonly Measured[] {
  const dayMinutes = daySecOf(minutes) / 60;
  const pointsOf = (measure: string) =>
    series.find((one) => one.subject === "redis" && one.measure === measure)?.points ?? [];
  return [...CAUSES].flatMap(([family, { what, streams }]) => {
    const added = streams.map((stream) => countAt(pointsOf(addedMeasure(stream))));
    const causes = (minute: number) =>
      added.reduce((sum, at) => sum + at(minute) - at(minute - dayMinutes), 0);
    const points = pointsOf(`keys: ${family}`);
    const judged = points.filter(({ minute }) => minute - dayMinutes >= (points[0]?.minute ?? 0));
    if (judged.length === 0) return [];
    const perCause = judged.map((point) => ({ ...point, value: point.value / causes(point.minute) }));
    return [{ subject: "redis", measure: `keys for each ${what}: ${family}`, points: perCause }];
  });
}

/** How many there were at a minute, on the line between the samples around it. */
function countAt(points: readonly Point[]): (minute: number) => number {
  return (minute) => {
    const next = points.findIndex((point) => point.minute >= minute);
    const [before, after] = [points[next - 1], points[next]];
    if (after === undefined) return points.at(-1)?.value ?? 0;
    if (before === undefined) return after.value;
    const share = (minute - before.minute) / (after.minute - before.minute);
    return before.value + share * (after.value - before.value);
  };
}
