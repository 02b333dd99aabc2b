import type { Random } from "./surroundings.ts";

/** Waits that double up to a bound; jitter keeps several processes from knocking at the same moment. */
export interface BackOff {
  /** The next wait, ms: between half and the whole of the current step. */
  next(): number;
  reset(): void;
}

/** `firstMs`, twice that, … up to `maxMs`. */
export function createBackOff(options: {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly random: Random;
}): BackOff {
  let step = options.firstMs;
  return {
    next() {
      const wait = step * (0.5 + options.random() / 2);
      step = Math.min(step * 2, options.maxMs);
      return wait;
    },
    reset() {
      step = options.firstMs;
    },
  };
}
