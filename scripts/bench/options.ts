import { parseArgs } from "node:util";
import type { Benchmark } from "./benchmark.ts";
import { chosenBenchmarks } from "./benchmarks.ts";
import type { Effort } from "./workbench.ts";

export const USAGE = `usage: bun run bench [options]

Measures, prints a line a finding, and ends what it started. An aim that is not met is no failure.

  --only NAME,…  these benchmarks alone
  --list         names and titles
  --quick        a look, under four minutes
  --long         sizes that take minutes to reach, too
  --write        all of them at full length, into docs/performance.md and its plots
  --help         this text`;

export interface BenchOptions {
  /** Names and titles are asked for, and nothing is measured. */
  readonly list: boolean;
  readonly benchmarks: readonly Benchmark[];
  readonly effort: Effort;
  readonly write: boolean;
}

/** Reads the command line. Throws at what does not go together or is not there. */
export function readBenchOptions(args: string[]): BenchOptions {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args,
    options: { only: { type: "string" }, list: flag, quick: flag, long: flag, write: flag },
  });
  if (values.write && (values.only !== undefined || values.quick)) {
    throw new Error("--write needs all benchmarks at their full length");
  }
  return {
    list: values.list,
    benchmarks: chosenBenchmarks(values.only),
    effort: values.quick ? "quick" : values.long ? "long" : "full",
    write: values.write,
  };
}
