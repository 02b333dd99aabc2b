import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { keysOf } from "../../../lib/contract/keys.ts";
import { STATISTICS } from "../../../lib/contract/statistics.ts";
import { startProcess } from "../../stack/child-process.ts";
import { daemonOf } from "../../stack/daemon.ts";
import { type RedisEye, startRedis } from "../../stack/redis-process.ts";
import { freePort } from "../../stack/trading-stack.ts";
import type { Benchmark } from "../benchmark.ts";
import type { Finding } from "../finding.ts";
import { compileFloor } from "../floor/compile-floor.ts";
import { figureText } from "../measure/figures.ts";
import { createLatencyHistogram } from "../measure/latency-histogram.ts";
import { readProcessMemory } from "../measure/process-memory.ts";
import type { Workbench } from "../workbench.ts";

const KEYS = keysOf("");
/** Three sampling intervals. */
const IDLE_MS = { quick: 15_000, full: 45_000, long: 45_000 } as const;
const SCRAPES = 100;
const SCRAPES_WARM = 20;
const SAMPLES_BEFORE = { quick: 300, full: 1000, long: 1000 } as const;
const SAMPLES = { quick: 1500, full: 10_000, long: 10_000 } as const;
const STATE = { symbols: 1000, faults: 10_000, entries: 100_000 } as const;
const PROGRAM = fileURLToPath(new URL("../drive/sampling-program.ts", import.meta.url));

/** As the units set it, for exporter and floor alike. */
const UNIT_ENVIRONMENT = { BUN_JSC_forceRAMSize: "67108864" } as const;

/** What watching costs, beside the figures of the exporter that this one replaces. */
export const exporter: Benchmark = {
  name: "exporter",
  title: "Telemetry exporter: memory, scrape, load on Redis",
  method:
    "The exporter before this one used 21 MB of a limit of 50 MB, answered a scrape in 5–10 ms and asked Redis about " +
    "2 queries a second. Compiled exporter and floor side by side with the environment of the units, " +
    `${IDLE_MS.full / 1000} s of its own sampling every 15 s; then ${SCRAPES} scrapes one after the other. Then its sampling in a tight loop, ${SAMPLES.full} samples with ` +
    `${STATE.symbols} symbols, ${STATE.faults} faults and ${STATE.entries} intents: Redis' own processor time, its ` +
    "longest command, and the heap after a collection.",
  run: async (bench) => ({ findings: [...(await measureDaemon(bench)), ...(await measureSampling(bench))] }),
};

async function openRedis(bench: Workbench, name: string) {
  const redis = await startRedis({ folder: join(bench.folder, name), appendfsync: "everysec" });
  bench.defer(async () => void (await redis.process().stop()));
  const eye = await redis.eye();
  bench.defer(eye.close);
  return { redis, eye };
}

async function measureDaemon(bench: Workbench): Promise<readonly Finding[]> {
  const { redis, eye } = await openRedis(bench, "idle");
  const floor = startProcess({
    name: "floor",
    command: [await compileFloor(bench.folder)],
    env: { ...UNIT_ENVIRONMENT, REDIS_URL: redis.url },
    logFile: join(bench.folder, "floor.log"),
  });
  bench.defer(async () => void (await floor.stop()));
  const daemon = daemonOf({
    ...{ role: "safety-telemetry", port: freePort(), folder: bench.folder, binaries: bench.binaries },
    env: { ...UNIT_ENVIRONMENT, TRADING_MODE: "PAPER", REDIS_URL: redis.url, QUANTUM_INSTANCE: "bench" },
  });
  await daemon.start();
  bench.defer(() => daemon.stop());
  const before = await infoOf(eye, "stats", "total_commands_processed");
  const idleMs = IDLE_MS[bench.effort];
  await Bun.sleep(idleMs);
  const commands = (await infoOf(eye, "stats", "total_commands_processed")) - before;
  const [ours, base] = [await readProcessMemory(daemon.process().pid), await readProcessMemory(floor.pid)];
  const against = (value: number, floorValue: number) => ({ value: value / floorValue, to: "the floor" });
  const own = (value: number, more: Partial<Finding>): Finding => ({
    ...{ what: "own memory (design: 21 MB used)", figure: value, unit: "MiB", ...more },
  });
  return [
    {
      ...{ what: "RSS, sampling every 15 s", figure: ours.rssMib, unit: "MiB" },
      ...{ ratio: against(ours.rssMib, base.rssMib), aim: { of: "ratio", bound: "at most", limit: 1.15 } },
    },
    own(ours.ownMib, {
      ...{ ratio: against(ours.ownMib, base.ownMib), detail: `floor ${figureText(base.ownMib)} MiB` },
      aim: { of: "figure", bound: "at most", limit: 50 },
    }),
    {
      ...{ what: "queries of Redis (design: about 2 a second)", figure: commands / (idleMs / 1000) },
      ...{ unit: "a second", detail: "in one round trip every 15 s; its own beat and clock besides" },
    },
    await scrapeFinding(daemon.url),
  ];
}

async function scrapeFinding(url: string): Promise<Finding> {
  const times = createLatencyHistogram();
  for (let n = -SCRAPES_WARM; n < SCRAPES; n += 1) {
    const beganMs = performance.now();
    await (await fetch(`${url}/metrics`)).text();
    if (n >= 0) times.record(performance.now() - beganMs);
  }
  return {
    ...{ what: "scrape, median (design: 5–10 ms)", figure: times.quantile(0.5), unit: "ms" },
    ...{ detail: `p99 ${figureText(times.quantile(0.99))} ms` },
    aim: { of: "figure", bound: "at most", limit: 5 },
  };
}

const lineSchema = z.object({ heapMib: z.number(), rssMib: z.number(), sampleMs: z.number() });

async function measureSampling(bench: Workbench): Promise<readonly Finding[]> {
  const { redis, eye } = await openRedis(bench, "full");
  await fill(eye);
  await eye.command("CONFIG", "SET", "slowlog-log-slower-than", "100");
  await eye.command("SLOWLOG", "RESET");
  const [before, samples] = [SAMPLES_BEFORE[bench.effort], SAMPLES[bench.effort]];
  const child = Bun.spawn(["bun", PROGRAM, redis.url, String(before), String(samples)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  bench.defer(() => child.kill());
  const looks: (z.output<typeof lineSchema> & { readonly cpuSec: number })[] = [];
  for await (const line of linesOf(child.stdout))
    looks.push({ ...lineSchema.parse(JSON.parse(line)), cpuSec: await cpuOf(eye) });
  const [early, late] = looks;
  if (early === undefined || late === undefined) throw new Error("the sampling program ended early");
  const redisMs = ((late.cpuSec - early.cpuSec) * 1000) / (samples - before);
  return [
    {
      ...{ what: "Redis' time a sample, 1000 symbols and 110 000 entries", figure: redisMs, unit: "ms" },
      ...{ detail: `longest command ${figureText(await longestMs(eye))} ms, none walks over keys` },
      aim: { of: "figure", bound: "at most", limit: 50 },
    },
    { what: "a sample, end to end", figure: late.sampleMs, unit: "ms" },
    {
      ...{ what: `heap after ${samples} samples`, figure: late.heapMib, unit: "MiB" },
      ratio: { value: late.heapMib / early.heapMib, to: `after ${before}` },
      ...{ detail: `RSS ${figureText(early.rssMib)} → ${figureText(late.rssMib)} MiB` },
      aim: { of: "ratio", bound: "at most", limit: 1.1 },
    },
  ];
}

async function fill(eye: RedisEye): Promise<void> {
  const stats = `${KEYS.statsPrefix}ai-strategy-router`;
  const symbol = (n: number) => `S${n % STATE.symbols}USDT`;
  const fault = ["reason", "SYMBOL_RATE_EXCEEDED", "side", "BUY", "global_count", "3", "symbol_count", "6"];
  await inBatches(STATE.symbols, (n) =>
    eye.command("HSET", stats, STATISTICS.fault(symbol(n), "SYMBOL_RATE_EXCEEDED"), "10"),
  );
  await inBatches(STATE.faults, (n) =>
    eye.command("XADD", KEYS.faultStream, "*", ...fault, "symbol", symbol(n)),
  );
  await inBatches(STATE.entries, (n) => eye.command("XADD", KEYS.intentStream, "*", "data", String(n)));
}

async function inBatches(count: number, act: (n: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += 2000)
    await Promise.all(Array.from({ length: Math.min(2000, count - from) }, (_, n) => act(from + n)));
}

async function infoOf(eye: RedisEye, section: string, name: string): Promise<number> {
  const text = String(await eye.command("INFO", section));
  return Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(text)?.[1]);
}

const cpuOf = async (eye: RedisEye) =>
  (await infoOf(eye, "cpu", "used_cpu_user_main_thread")) +
  (await infoOf(eye, "cpu", "used_cpu_sys_main_thread"));

async function longestMs(eye: RedisEye): Promise<number> {
  const entries = z.array(z.tuple([z.number(), z.number(), z.number()], z.unknown()));
  const slow = entries.parse(await eye.command("SLOWLOG", "GET", "128"));
  return Math.max(0, ...slow.map(([, , micros]) => micros)) / 1000;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end);
      text = text.slice(end + 1);
    }
  }
}
