import { median } from "./median.ts";

/** The middle of values of several rounds and how far half of them are from it. */
export interface Quartiles {
  readonly middle: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Median and quartiles: one round that the machine disturbed moves none of them. The quartiles are the medians of
 * the halves (Tukey's hinges). Throws on an empty list.
 */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.ceil(sorted.length / 2);
  return { middle: median(sorted), low: median(sorted.slice(0, half)), high: median(sorted.slice(-half)) };
}
