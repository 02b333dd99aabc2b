import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Keys, keysOf } from "../../../lib/contract/keys.ts";
import { ROLES } from "../../../lib/contract/roles.ts";
import { lastLines, startProcess } from "../../stack/child-process.ts";
import type { Benchmark } from "../benchmark.ts";
import { admissionCommands } from "../drive/admission-commands.ts";
import { drainRate } from "../drive/drain-rate.ts";
import { startOneByOneRouter } from "../drive/one-by-one-router.ts";
import {
  assertAllAdmitted,
  deliverDecisions,
  makeEntries,
  preparePipeline,
} from "../drive/pending-decisions.ts";
import type { Finding } from "../finding.ts";
import { figureText } from "../measure/figures.ts";
import { median } from "../measure/median.ts";
import { type BenchRedis, startBenchRedis, type Workbench } from "../workbench.ts";

const ROUNDS = 5;
const DECISIONS = 16_000;
const PER_CALL = 32;
/** Calls unanswered at a time: enough that the server never waits for us. */
const CALLS_IN_FLIGHT = { one: 64, many: 8 } as const;
const NAMESPACE = "{bench}";

const MEASURED = ["ceiling", "batched", "oneByOne", "router"] as const;
type Rates = Readonly<Record<(typeof MEASURED)[number], number>>;

/** How fast decisions become intents, against the most that the server can do one decision a call. */
export const admissionThroughput: Benchmark = {
  name: "throughput",
  title: "Stream to stream: the router against the raw FCALL ceiling",
  method:
    `The ceiling is admit_v1 with one decision a call, ${CALLS_IN_FLIGHT.one} calls in flight, commands encoded ` +
    "beforehand, written to a bare socket, replies only counted. The router is the compiled binary: " +
    `${DECISIONS} decisions appear on its stream at once; its rate is read off the ids of the intents, the ` +
    "server's own clock. One decision a call is the same code with pages of one, in the bench's process. AOF " +
    `everysec; medians of ${ROUNDS} interleaved rounds on the same server.`,
  run: measure,
};

async function measure(bench: Workbench): Promise<readonly Finding[]> {
  const redis = await startBenchRedis(bench, "everysec");
  const rounds: Rates[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const ceiling = await driveRaw(redis, 1, CALLS_IN_FLIGHT.one);
    const batched = await driveRaw(redis, PER_CALL, CALLS_IN_FLIGHT.many);
    const oneByOne = await drainInProcess(redis, round);
    const router = await drainByRouter(bench, redis, round);
    if (round > 0) rounds.push({ ceiling, batched, oneByOne, router });
  }
  return findings(rounds);
}

function findings(rounds: readonly Rates[]): readonly Finding[] {
  const figure = (name: keyof Rates) => median(rounds.map((round) => round[name]));
  const ratios = (name: keyof Rates) => rounds.map((round) => round[name] / round.ceiling);
  const line = (what: string, name: keyof Rates, least?: number): Finding => ({
    what,
    figure: figure(name),
    unit: "decisions/s",
    detail: `ratios ${figureText(Math.min(...ratios(name)))}–${figureText(Math.max(...ratios(name)))}`,
    ratio: { value: median(ratios(name)), to: "the ceiling" },
    ...(least === undefined ? {} : { aim: { of: "ratio", bound: "at least", limit: least } }),
  });
  return [
    { what: "raw FCALL ceiling, one decision a call", figure: figure("ceiling"), unit: "decisions/s" },
    line(`raw FCALL, ${PER_CALL} decisions a call`, "batched"),
    line("stream to stream, one decision a call", "oneByOne", 0.6),
    line(`stream to stream, compiled router (up to ${PER_CALL} a call)`, "router", 1.2),
  ];
}

async function driveRaw(redis: BenchRedis, perCall: number, inFlight: number): Promise<number> {
  const pending = await deliverDecisions(redis, DECISIONS);
  const commands = await admissionCommands(pending, perCall);
  const elapsedMs = await redis.raw.drive(commands, inFlight);
  await assertAllAdmitted(redis, pending.keys, DECISIONS);
  return (DECISIONS / elapsedMs) * 1000;
}

async function drainInProcess(redis: BenchRedis, round: number): Promise<number> {
  const keys = await emptyPipeline(redis);
  const router = startOneByOneRouter(redis, keys);
  try {
    return await drainRate(redis, keys, makeEntries(DECISIONS, `one-${round}`));
  } finally {
    await router.stop();
  }
}

async function drainByRouter(bench: Workbench, redis: BenchRedis, round: number): Promise<number> {
  const keys = await emptyPipeline(redis);
  const stateDir = join(bench.folder, "router");
  mkdirSync(stateDir, { recursive: true });
  const router = startProcess({
    name: "router",
    command: [join(bench.binaries, ROLES["ai-strategy-router"].binary)],
    env: {
      TRADING_MODE: "PAPER",
      REDIS_URL: redis.process.url,
      QUANTUM_NAMESPACE: NAMESPACE,
      QUANTUM_INSTANCE: "bench",
      ADMIN_PORT: "0",
      STATE_DIR: stateDir,
      SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "1000000",
      SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: "1000000",
      INTENT_BACKLOG_MAX: "1000000",
    },
    logFile: join(bench.folder, "router.log"),
  });
  bench.defer(async () => void (await router.stop()));
  try {
    // The first drain of a process runs on cold code; the second is what it does for the rest of its life.
    await drainRate(redis, keys, makeEntries(DECISIONS, `warm-${round}`));
    return await drainRate(redis, keys, makeEntries(DECISIONS, `router-${round}`));
  } catch (cause) {
    throw new Error(`the router did not drain; its last lines:\n${lastLines(router)}`, { cause });
  } finally {
    await router.stop();
  }
}

async function emptyPipeline(redis: BenchRedis): Promise<Keys> {
  await redis.flush();
  const keys = keysOf(NAMESPACE);
  await preparePipeline(redis, keys);
  return keys;
}
