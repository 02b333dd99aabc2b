import { join } from "node:path";
import type { SimulationOptions } from "./options.ts";
import { decodeResult, type SeedResult } from "./seed-result.ts";

const MAIN = join(import.meta.dir, "..", "main.ts");

/**
 * Runs the seeds in worker processes of their own; `onResult` as each comes, in no order. Resolves to all of them by
 * seed. Rejects when a worker ends otherwise than by having run its seeds.
 */
export async function runSeeds(
  options: Omit<SimulationOptions, "worker" | "mutations" | "trace">,
  onResult: (result: SeedResult) => void = () => undefined,
): Promise<readonly SeedResult[]> {
  const workers = Math.min(options.workers, options.seeds);
  const results: SeedResult[] = [];
  const take = (result: SeedResult) => {
    results.push(result);
    onResult(result);
  };
  const shares = Array.from({ length: workers }, (_, at) => runShare({ ...options, workers }, at, take));
  await Promise.all(shares);
  return results.sort((one, other) => one.seed - other.seed);
}

async function runShare(
  options: Omit<SimulationOptions, "worker" | "mutations" | "trace">,
  at: number,
  take: (result: SeedResult) => void,
): Promise<void> {
  const numbers = {
    from: options.from + at,
    // A worker takes every `workers`-th seed up to the last.
    seeds: options.seeds - at,
    steps: options.steps,
    workers: options.workers,
  };
  const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const mutation = options.mutation === undefined ? [] : ["--mutation", options.mutation];
  const child = Bun.spawn([process.execPath, MAIN, "--worker", ...flags, ...mutation], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of child.stdout) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(decodeResult(line));
  }
  const code = await child.exited;
  if (code !== 0) throw new Error(`a worker of the simulation ended with ${code}`);
}
