import { join } from "node:path";
import type { SimulationOptions } from "./options.ts";
import { decodeResult, type SeedResult } from "./seed-result.ts";

/** What a run leaves behind in its process adds up (about 1.5 MB): a process ends after so many. */
const SEEDS_A_PROCESS = 250;
const MAIN = join(import.meta.dir, "..", "main.ts");

/**
 * Runs the seeds in worker processes of their own; `onResult` as each comes, in no order. Resolves to all of them by
 * seed; of those that found nothing without their lines. Rejects when a worker ends otherwise than by having run its seeds.
 */
export async function runSeeds(
  options: Omit<SimulationOptions, "worker" | "mutations" | "trace">,
  onResult: (result: SeedResult) => void = () => undefined,
): Promise<readonly SeedResult[]> {
  const workers = Math.min(options.workers, options.seeds);
  const results: SeedResult[] = [];
  const take = (result: SeedResult) => {
    onResult(result);
    results.push(result.finding === undefined ? { ...result, lines: [] } : result);
  };
  const shares = Array.from({ length: workers }, (_, at) => runShare({ ...options, workers }, at, take));
  await Promise.all(shares);
  return results.sort((one, other) => one.seed - other.seed);
}

/** Each `workers`-th seed from the `at`-th on, one process after another. */
async function runShare(
  options: Omit<SimulationOptions, "worker" | "mutations" | "trace">,
  at: number,
  take: (result: SeedResult) => void,
): Promise<void> {
  const stride = SEEDS_A_PROCESS * options.workers;
  for (let done = 0; done + at < options.seeds; done += stride) {
    const seeds = Math.min(stride, options.seeds - done) - at;
    const found = await runProcess({ ...options, from: options.from + done + at, seeds }, take);
    if (found && options.mutation !== undefined) return;
  }
}

/** Whether a seed of it found something. */
async function runProcess(
  { from, seeds, steps, workers, mutation }: Omit<SimulationOptions, "worker" | "mutations" | "trace">,
  take: (result: SeedResult) => void,
): Promise<boolean> {
  const numbers = { from, seeds, steps, workers };
  const flags = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const planted = mutation === undefined ? [] : ["--mutation", mutation];
  const child = Bun.spawn([process.execPath, MAIN, "--worker", ...flags, ...planted], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const decoder = new TextDecoder();
  let rest = "";
  let found = false;
  for await (const bytes of child.stdout) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const result = decodeResult(line);
      found ||= result.finding !== undefined;
      take(result);
    }
  }
  const code = await child.exited;
  if (code !== 0) throw new Error(`a worker of the simulation ended with ${code}`);
  return found;
}
