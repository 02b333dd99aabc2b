import { writeFileSync } from "node:fs";
import { MUTATIONS } from "../mutations.ts";
import type { SimulationOptions } from "./options.ts";
import { encodeResult } from "./seed-result.ts";
import { changeSources } from "./source-changes.ts";

/**
 * Runs seeds in this process and writes one JSON line each to stdout. Sources are changed and time is made virtual
 * before anything of lib/ is imported. With a planted bug it stops at the first finding.
 */
export async function runWorker(options: SimulationOptions): Promise<void> {
  const mutation = options.mutation === undefined ? undefined : MUTATIONS.get(options.mutation);
  changeSources(mutation?.changes ?? []);
  const [{ makeRuntimeVirtual }, { startTimedRedis }, { loadPrograms }, { runSeed }] = await Promise.all([
    import("../engine/virtual-globals.ts"),
    import("../redis/timed-redis.ts"),
    import("../roles/programs.ts"),
    import("../world/run-seed.ts"),
  ]);
  await loadPrograms();
  const redis = await startTimedRedis();
  makeRuntimeVirtual();
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(1));
  const unheard: string[] = [];
  process.on("unhandledRejection", (error) => unheard.push(String(error)));
  try {
    for (let seed = options.from; seed < options.from + options.seeds; seed += options.workers) {
      const result = await runSeed({ seed, steps: options.steps, redis, unheard: () => unheard.splice(0) });
      // Whole, also where the reader is slow: `writeSync` may write a part.
      writeFileSync(1, `${encodeResult(result)}\n`);
      if (mutation !== undefined && result.finding !== undefined) break;
    }
  } finally {
    await redis.stop();
  }
}
