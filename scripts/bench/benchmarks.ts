import type { Benchmark } from "./benchmark.ts";
import { admissionAgainstRoundTrips } from "./benchmarks/admission-against-round-trips.ts";
import { admissionThroughput } from "./benchmarks/admission-throughput.ts";
import { executionThroughput } from "./benchmarks/execution-throughput.ts";
import { exporter } from "./benchmarks/exporter.ts";
import { refusedFlood } from "./benchmarks/flood.ts";
import { footprint } from "./benchmarks/footprint.ts";
import { growth } from "./benchmarks/growth.ts";
import { orderLatency } from "./benchmarks/order-latency.ts";
import { timeToFlat } from "./benchmarks/time-to-flat.ts";

/** All of them, in the order of the report. */
export const BENCHMARKS: readonly Benchmark[] = [
  admissionAgainstRoundTrips,
  admissionThroughput,
  refusedFlood,
  orderLatency,
  executionThroughput,
  timeToFlat,
  growth,
  footprint,
  exporter,
];

/** Those of a comma-separated list of names, in the report's order; all without one. Throws at a name unknown. */
export function chosenBenchmarks(only: string | undefined): readonly Benchmark[] {
  if (only === undefined) return BENCHMARKS;
  const names = only.split(",");
  const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) {
    const known = BENCHMARKS.map(({ name }) => name).join(", ");
    throw new Error(`no benchmark ${unknown.join(", ")}; there are ${known}`);
  }
  return BENCHMARKS.filter(({ name }) => names.includes(name));
}
