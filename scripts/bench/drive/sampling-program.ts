/**
 * The exporter's sampling in a tight loop, for as many samples as an exporter takes in days: what its memory does.
 *
 *   bun sampling-program.ts REDIS_URL SAMPLES…   prints a JSON line {samples, heapMib, rssMib, sampleMs} at each count
 */
import { Registry } from "prom-client";
import { keysOf } from "../../../lib/contract/keys.ts";
import { connectRedis } from "../../../lib/redis/connection.ts";
import { createCollectors } from "../../../lib/telemetry/collectors.ts";
import { createMetricBoard } from "../../../lib/telemetry/metric-board.ts";
import { createSampler } from "../../../lib/telemetry/sampler.ts";
import { benchClock, quietLog } from "../surroundings.ts";

const LIMITS = {
  ...{ windowSec: 10, globalMax: 20, symbolMax: 5, dailyMax: 200, backlogMax: 1000, faultLookbackMax: 2000 },
};
const MIB = 2 ** 20;

async function run(url: string, counts: readonly number[]): Promise<void> {
  const surroundings = { clock: benchClock, random: Math.random, log: quietLog };
  const redis = connectRedis({ url, name: "bench-sampling", deadlineMs: 10_000, ...surroundings });
  await redis.whenReady();
  const registry = new Registry();
  const board = createMetricBoard(registry);
  const collectors = createCollectors(board, benchClock.monotonicMs);
  const parts = { redis, keys: keysOf(""), limits: LIMITS, collectors, board };
  const sampler = createSampler({ ...parts, clock: benchClock, log: quietLog });
  let samples = 0;
  for (const count of counts) {
    const beganMs = performance.now();
    const from = samples;
    for (; samples < count; samples += 1) {
      if (!(await sampler.sample())) throw new Error("a sample failed");
      // A scrape renders as much as it is asked for; one in ten keeps the loop short.
      if (samples % 10 === 0) await registry.metrics();
    }
    const sampleMs = (performance.now() - beganMs) / (count - from);
    Bun.gc(true);
    const { heapUsed, rss } = process.memoryUsage();
    process.stdout.write(
      `${JSON.stringify({ samples, heapMib: heapUsed / MIB, rssMib: rss / MIB, sampleMs })}\n`,
    );
  }
  await redis.close();
}

const [url = "", ...counts] = process.argv.slice(2);
await run(url, counts.map(Number));
