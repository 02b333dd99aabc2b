import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { type Keys, keysOf } from "../../../lib/contract/keys.ts";
import { ROLES } from "../../../lib/contract/roles.ts";
import { createConsumerLoop } from "../../../lib/redis/consumer-loop.ts";
import { openPlainWire } from "../../../lib/redis/plain-wire.ts";
import { DECISIONS_IN_FLIGHT_MAX } from "../../../lib/routing/decision-consumer.ts";
import { DECISIONS_A_PAGE_MAX } from "../../../lib/routing/router.ts";
import { type ChildProcess, lastLines, startProcess } from "../../stack/child-process.ts";
import { processorTimeMs } from "../measure/processor-time.ts";
import { entryOf } from "../peers/admit-decision.ts";
import { benchClock, quietLog } from "../surroundings.ts";
import type { BenchRedis, Workbench } from "../workbench.ts";
import { drainRate } from "./drain-rate.ts";
import { startOneByOneRouter } from "./one-by-one-router.ts";
import { makeEntries, preparePipeline } from "./pending-decisions.ts";
import { admitByRoundTrips } from "./round-trips.ts";
import { measureServerCost, type ServerCost } from "./server-cost.ts";

const NAMESPACE = "{bench}";
/** The peers' window is the router's. */
export const PEER_IN_FLIGHT = DECISIONS_IN_FLIGHT_MAX;
/**
 * Decisions that everyone drains beforehand. A process' first ones run on cold code: of the compiled router the first
 * 8000 took 2 to 2.5 times the processor time of those after the 16 000th, which are what it does for its life.
 */
export const WARM_UP_DECISIONS = 16_000;
const PEER = fileURLToPath(new URL("../peers/rate-limiter-program.ts", import.meta.url));

export interface Drained {
  /** Decisions that became intents, a second. */
  readonly rate: number;
  /** Appending the decision included. */
  readonly server: ServerCost;
  /** Processor time of the process that reads, a decision, µs. */
  readonly readerMicros: number;
}

interface Routing {
  readonly bench: Workbench;
  readonly redis: BenchRedis;
  readonly decisions: number;
}

/** A decision a call, the router's own loop in this process. */
export async function drainOneByOne(routing: Routing): Promise<Drained> {
  const keys = await emptyPipeline(routing.redis);
  const router = startOneByOneRouter(routing.redis, keys);
  return await drained(routing, keys, { pid: process.pid, stop: router.stop });
}

/** The same loop with the checks as separate round trips. */
export async function drainByRoundTrips(routing: Routing): Promise<Drained> {
  const { redis } = routing;
  const keys = await emptyPipeline(redis);
  const consumer = createConsumerLoop(openPlainWire, {
    ...{ redis: redis.connection, url: redis.process.url, stream: keys.decisionStream },
    ...{ group: GROUPS.router, consumer: "round-trips", staleIdleMs: 60_000, handOut: "entry" },
    ...{ batchMax: DECISIONS_A_PAGE_MAX, readMax: DECISIONS_A_PAGE_MAX, inFlightMax: PEER_IN_FLIGHT },
    handle: async (entries) => {
      for (const { id, fields } of entries) {
        await admitByRoundTrips(redis.connection, keys, entryOf(id, fields));
      }
      return "done";
    },
    progress: () => {},
    onLost: () => Promise.reject(new Error("decisions were trimmed")),
    onStateLost: () => {},
    ...{ clock: benchClock, random: Math.random, log: quietLog },
  });
  const ending = new AbortController();
  const running = consumer.run(ending.signal);
  const stop = () => {
    ending.abort();
    return running;
  };
  return await drained(routing, keys, { pid: process.pid, stop });
}

/** The compiled router, which admits whole pages. */
export async function drainByRouter(routing: Routing): Promise<Drained> {
  const { bench, redis } = routing;
  const keys = await emptyPipeline(redis);
  const stateDir = join(bench.folder, "router");
  mkdirSync(stateDir, { recursive: true });
  const router = startProcess({
    name: "router",
    command: [join(bench.binaries, ROLES["ai-strategy-router"].binary)],
    env: {
      ...{ TRADING_MODE: "PAPER", REDIS_URL: redis.process.url, QUANTUM_NAMESPACE: NAMESPACE },
      ...{ QUANTUM_INSTANCE: "bench", ADMIN_PORT: "0", STATE_DIR: stateDir },
      SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "1000000",
      SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: "1000000",
      INTENT_BACKLOG_MAX: "1000000",
    },
    logFile: join(bench.folder, "router.log"),
  });
  return await drainedByProcess(routing, keys, router);
}

/** rate-limiter-flexible and plain commands, in a process of their own. */
export async function drainByRateLimiter(routing: Routing): Promise<Drained> {
  const { bench, redis } = routing;
  const keys = await emptyPipeline(redis);
  const peer = startProcess({
    name: "rate-limiter-flexible",
    command: ["bun", PEER, redis.process.socketPath, NAMESPACE, String(PEER_IN_FLIGHT)],
    env: {},
    logFile: join(bench.folder, "rate-limiter.log"),
  });
  return await drainedByProcess(routing, keys, peer);
}

async function drainedByProcess(routing: Routing, keys: Keys, child: ChildProcess): Promise<Drained> {
  routing.bench.defer(async () => void (await child.stop()));
  const stop = async () => void (await child.stop());
  try {
    return await drained(routing, keys, { pid: child.pid, stop });
  } catch (cause) {
    throw new Error(`${child.name} did not drain; its last lines:\n${lastLines(child)}`, { cause });
  }
}

let drains = 0;

/** Measures the second drain of a process. */
async function drained(
  routing: Routing,
  keys: Keys,
  reader: { readonly pid: number; stop(): Promise<void> },
): Promise<Drained> {
  const { redis, decisions } = routing;
  drains += 1;
  try {
    await drainRate(redis, keys, makeEntries(WARM_UP_DECISIONS, `warm-${drains}`));
    const entries = makeEntries(decisions, `drain-${drains}`);
    const serverCost = await measureServerCost(redis);
    const beforeMs = await processorTimeMs(reader.pid);
    const rate = await drainRate(redis, keys, entries);
    const readerMs = (await processorTimeMs(reader.pid)) - beforeMs;
    return { rate, server: await serverCost(decisions), readerMicros: (1000 * readerMs) / decisions };
  } finally {
    await reader.stop();
  }
}

async function emptyPipeline(redis: BenchRedis): Promise<Keys> {
  await redis.flush();
  const keys = keysOf(NAMESPACE);
  await preparePipeline(redis, keys);
  return keys;
}
