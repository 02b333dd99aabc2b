import type { Samples } from "./sampler.ts";
import { type Point, type Tolerance, type Trend, trendOf } from "./trend.ts";

/** A measured series and what became of it. `trend` is undefined where there was too little to measure. */
export interface Verdict {
  readonly subject: string;
  readonly measure: string;
  readonly trend: Trend | undefined;
}

/**
 * What a measure may rise by in the time that was measured. A heap that is collected when it likes wanders by some
 * MiB; a length saws between two trims by what came in between.
 */
const TOLERANCES: readonly (readonly [RegExp, Tolerance])[] = [
  [/MiB$/, { share: 0.06, floor: 4 }],
  [/^descriptors$/, { share: 0, floor: 2 }],
  [/^connections/, { share: 0, floor: 1 }],
  [/^pending/, { share: 0, floor: 5 }],
  [/^length/, { share: 0.02, floor: 20 }],
  [/^keys without an end$/, { share: 0.02, floor: 5 }],
  [/^keys/, { share: 0.05, floor: 40 }],
];
/**
 * Sampled and plotted, not judged: the proportional set size moves with whoever else maps the same binary, and what is
 * kept for ever is as long as the number of its causes, which are few.
 */
const UNJUDGED = /^PSS|^kept$|length of (?:system:|quantum:stream:audit)/;

/** Judges every series; `from` is the minute after which a process or a key family should have settled. */
export function judge(
  samples: Samples,
  times: { readonly from: number; readonly settleMinutes: number },
): readonly Verdict[] {
  return samples
    .all()
    .filter(({ measure }) => !UNJUDGED.test(measure))
    .map(({ subject, measure, points }) => {
      const tolerance = TOLERANCES.find(([pattern]) => pattern.test(measure))?.[1];
      if (tolerance === undefined) throw new Error(`no tolerance for ${measure}`);
      return { subject, measure, trend: trendOf(settled(points, times), tolerance) };
    });
}

/** Points after `from`, and each life only once it has had its time to settle. */
function settled(
  points: readonly Point[],
  { from, settleMinutes }: { readonly from: number; readonly settleMinutes: number },
): readonly Point[] {
  const born = new Map<number, number>();
  for (const { life, minute } of points) if (!born.has(life)) born.set(life, minute);
  return points.filter(
    ({ life, minute }) => minute >= from && minute >= (born.get(life) ?? 0) + settleMinutes,
  );
}
