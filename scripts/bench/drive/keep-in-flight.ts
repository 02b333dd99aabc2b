import { createLatencyHistogram, type LatencyHistogram } from "../measure/latency-histogram.ts";

export interface Driven {
  /** From the first start to the last end, ms. */
  readonly elapsedMs: number;
  /** From each task's start to its end. */
  readonly latencies: LatencyHistogram;
}

/** Runs `task` for 0 … `count` − 1, with `inFlight` of them under way at any time. */
export async function keepInFlight(
  count: number,
  inFlight: number,
  task: (index: number) => Promise<unknown>,
): Promise<Driven> {
  const latencies = createLatencyHistogram();
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      const from = performance.now();
      await task(index);
      latencies.record(performance.now() - from);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { elapsedMs: performance.now() - started, latencies };
}
