import type { BenchRedis } from "../workbench.ts";
import { serverTimeMs } from "./server-time.ts";

/** What a server's main thread spent on a decision, µs of processor. */
export interface ServerCost {
  readonly all: number;
  /** Within FCALL: the admission, without what its writes then cost the append-only file. */
  readonly calls: number;
  /** Within XREADGROUP, again without the append-only file. */
  readonly reads: number;
}

/** Begins to measure; the returned function ends it and shares the cost out among so many decisions. */
export async function measureServerCost(
  redis: Pick<BenchRedis, "eye">,
): Promise<(decisions: number) => Promise<ServerCost>> {
  await redis.eye.command("CONFIG", "RESETSTAT");
  const beforeMs = await serverTimeMs(redis);
  return async (decisions) => {
    const usedMs = (await serverTimeMs(redis)) - beforeMs;
    const commands = String(await redis.eye.command("INFO", "commandstats"));
    const within = (name: string) =>
      Number(new RegExp(`^cmdstat_${name}:calls=\\d+,usec=(\\d+)`, "m").exec(commands)?.[1] ?? 0) / decisions;
    return { all: (1000 * usedMs) / decisions, calls: within("fcall"), reads: within("xreadgroup") };
  };
}
