import type { LabelOf, SampledName } from "./catalogue.ts";

/** One value of a metric with labels. */
export interface LabelledValue<Label extends string = string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/**
 * The values of some metrics, all of each: a label set that is not listed is gone from /metrics. Undefined, and an
 * empty list, mean that the value is not known.
 */
export type ReadingsOf<Name extends SampledName> = {
  readonly [Metric in Name]: [LabelOf<Metric>] extends [never]
    ? number | undefined
    : readonly LabelledValue<LabelOf<Metric>>[];
};
