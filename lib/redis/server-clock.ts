/**
 * The Redis server's clock as seen from here, from samples of TIME.
 *
 * A sample that left at `sentAt` and came back at `receivedAt` proves that the server's clock minus ours
 * lies between `server − receivedAt` and `server − sentAt`.
 *
 * 1. `offsetMs` is the highest lower bound that no later sample contradicts: the estimate is late only by
 *    what the clocks drift apart between two samples, and early by at most the best round trip.
 * 2. A sample that contradicts it (a clock was stepped, or drifted) replaces it at once.
 */
export interface ServerClock {
  observe(sample: TimeSample): void;
  /** Server clock minus our monotonic clock, ms; undefined before the first sample. */
  offsetMs(): number | undefined;
}

interface TimeSample {
  /** Monotonic ms. */
  readonly sentAt: number;
  readonly receivedAt: number;
  /** The server's answer, epoch ms, rounded down. */
  readonly serverMs: number;
}

/** An estimate without samples. */
export function createServerClock(): ServerClock {
  let lowest: number | undefined;
  return {
    observe({ sentAt, receivedAt, serverMs }) {
      const atLeast = serverMs - receivedAt;
      // The answer is rounded down, so the server's clock may have been up to 1 ms further.
      const atMost = serverMs + 1 - sentAt;
      if (lowest === undefined || lowest > atMost || lowest < atLeast) lowest = atLeast;
    },
    offsetMs: () => lowest,
  };
}
