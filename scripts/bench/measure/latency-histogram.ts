/**
 * Latencies in buckets that grow by 1/64 of their size, as HdrHistogram keeps them: constant memory for any
 * number of values, quantiles exact to 1.6 %. Range 1 µs … 35 min; what is outside counts as the end.
 */
export interface LatencyHistogram {
  /** Takes one latency, ms. */
  record(ms: number): void;
  /** The latency that a share `q` (0 … 1) of the values does not exceed, ms; 0 when there are none. */
  quantile(q: number): number;
  readonly count: number;
}

const SUB_BUCKETS_LOG2 = 6;
const SUB_BUCKETS = 2 ** SUB_BUCKETS_LOG2;
const MICROS_MAX = 2 ** 31 - 1;

/** Values under 64 µs each have a bucket; above, 64 of them a doubling. */
function indexOf(micros: number): number {
  if (micros < SUB_BUCKETS) return micros;
  const doublings = 31 - Math.clz32(micros) - SUB_BUCKETS_LOG2;
  return (doublings + 1) * SUB_BUCKETS + ((micros >>> doublings) - SUB_BUCKETS);
}

/** The middle of a bucket, µs. */
function middleOf(index: number): number {
  if (index < SUB_BUCKETS) return index;
  const doublings = Math.floor(index / SUB_BUCKETS) - 1;
  const low = (SUB_BUCKETS + (index % SUB_BUCKETS)) * 2 ** doublings;
  return low + (2 ** doublings - 1) / 2;
}

/** An empty histogram. */
export function createLatencyHistogram(): LatencyHistogram {
  const buckets = new Uint32Array(indexOf(MICROS_MAX) + 1);
  let count = 0;
  return {
    get count() {
      return count;
    },
    record(ms) {
      const micros = Math.min(Math.max(Math.round(ms * 1000), 0), MICROS_MAX);
      const index = indexOf(micros);
      buckets[index] = (buckets[index] ?? 0) + 1;
      count += 1;
    },
    quantile(q) {
      const rank = Math.max(1, Math.ceil(q * count));
      let seen = 0;
      for (let index = 0; index < buckets.length; index += 1) {
        seen += buckets[index] ?? 0;
        if (seen >= rank) return middleOf(index) / 1000;
      }
      return 0;
    },
  };
}
