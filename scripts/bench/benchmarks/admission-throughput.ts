import type { Benchmark } from "../benchmark.ts";
import { admissionCommands } from "../drive/admission-commands.ts";
import { asBareWrites } from "../drive/bare-writes.ts";
import { bullmqRate } from "../drive/bullmq-rate.ts";
import { assertAllAdmitted, deliverDecisions, makeEntries } from "../drive/pending-decisions.ts";
import {
  type Drained,
  drainByRateLimiter,
  drainByRoundTrips,
  drainByRouter,
  drainOneByOne,
  PEER_IN_FLIGHT,
  WARM_UP_DECISIONS,
} from "../drive/routers.ts";
import { measureServerCost, type ServerCost } from "../drive/server-cost.ts";
import type { Aim, Finding } from "../finding.ts";
import { figureText } from "../measure/figures.ts";
import { median } from "../measure/median.ts";
import { ratioOfRounds } from "../measure/ratio-of-rounds.ts";
import { type BenchRedis, startBenchRedis, type Workbench } from "../workbench.ts";

const SIZES = {
  quick: { rounds: 1, decisions: 16_000 },
  full: { rounds: 7, decisions: 16_000 },
  long: { rounds: 7, decisions: 16_000 },
} as const;
const PER_CALL = 32;
/** Calls unanswered at a time: enough that the server never waits for us. */
const CALLS_IN_FLIGHT = { one: 64, many: 8 } as const;
/** Thousand a second with 32, 64, 128 and 256, medians of three turns each once warm: 8.0, 7.4, 8.8, 8.2. */
const BULLMQ_CONCURRENCY = 128;

/** Decisions a second, and what one of them costs in processor time. */
interface Round {
  readonly ceiling: Raw;
  readonly batched: Raw;
  readonly bareWrites: Raw;
  readonly oneByOne: Drained;
  readonly router: Drained;
  readonly roundTrips: Drained;
  readonly rateLimiter: Drained;
  readonly bullmq: { readonly rate: number };
}

type Raw = Pick<Drained, "rate" | "server">;

/** How fast decisions become intents: against the most that the server can do, and against what others do. */
export const admissionThroughput: Benchmark = {
  name: "throughput",
  title: "Stream to stream: the router against the raw FCALL ceiling and against peers",
  method:
    `The ceiling is admit_v1 with one decision a call, ${CALLS_IN_FLIGHT.one} calls in flight, commands encoded ` +
    "beforehand, written to a bare socket, replies only counted. The router is the compiled binary: " +
    `${SIZES.full.decisions} decisions appear on its stream at once; its rate is read off the ids of the intents, ` +
    "the server's own clock. One decision a call is the same code with pages of one, in the bench's process. " +
    `Everyone has admitted ${WARM_UP_DECISIONS} decisions before. ` +
    "The peers decode and decide with the same code and publish the same document. " +
    `Round trips: our consumer and connection, ${PEER_IN_FLIGHT} decisions in flight, the ` +
    "eight steps of the benchmark above. rate-limiter-flexible: ioredis with auto-pipelining on the same two " +
    `streams, ${PEER_IN_FLIGHT} in flight: MGET of the switches, SET NX twice, two limiters, INCR, XADD, XACK. ` +
    `BullMQ: a worker (concurrency ${BULLMQ_CONCURRENCY}) takes from a full queue and adds to a second under the ` +
    "intent id, nothing that is done is kept, no stalled check, auto-pipelining where it adds; filling the " +
    "first queue is not counted. *What the peers do not do*: none is atomic (a crash between two steps loses an " +
    "intent or publishes it twice), none looks at the backlog, keeps an exact sliding window, trips safe mode or " +
    "writes a fault; BullMQ, on top of that, has no dedup of the message, no kill switch, safe mode, rate or " +
    "daily limit here (its own limiter is per queue, not per symbol). Same server, AOF everysec; medians of " +
    `${SIZES.full.rounds} interleaved rounds. FCALL and XREADGROUP by INFO commandstats; what remains of the server's ` +
    "processor time is parsing, sockets, the append-only file and (not in the raw rows) appending the decision. *Writes " +
    "without a check*: a function that sets both dedup keys, appends the intent and acknowledges, and nothing else.",
  limit:
    "What holds the compiled router is the server, whose one thread is never idle meanwhile; the router's own process needs " +
    `less of a processor than the server does. *Raw writes without a check, ${PER_CALL} decisions a call* is what no decision can ` +
    `do without: two keys with a lifetime, the intent, the acknowledgement. The difference from it to *raw FCALL, ${PER_CALL} ` +
    "decisions a call* is all checks, counters and windows. The difference from there to the compiled router is reading the " +
    "stream (half of that is the XCLAIM that XREADGROUP writes to the append-only file for each entry), appending the " +
    "decision, and that calls come one by one with reads between them, not several at a time from one socket. Twice the " +
    "ceiling is half of the server's time that a decision takes alone in a call: where reading, appending and the writes " +
    "without a check together take about as much as that, nothing is left for the checks, however cheap they get.",
  run: measure,
};

async function measure(bench: Workbench): Promise<readonly Finding[]> {
  const redis = await startBenchRedis(bench, "everysec");
  const { rounds: count, decisions } = SIZES[bench.effort];
  const routing = { bench, redis, decisions };
  const rounds: Round[] = [];
  // The compilers of this process are warm after one round; it is not counted.
  for (let round = 0; round <= count; round += 1) {
    const ceiling = await driveRaw(redis, { decisions, perCall: 1, inFlight: CALLS_IN_FLIGHT.one });
    const many = { decisions, perCall: PER_CALL, inFlight: CALLS_IN_FLIGHT.many };
    const batched = await driveRaw(redis, many);
    const bareWrites = await driveRaw(redis, many, (commands) => asBareWrites(redis, commands));
    const oneByOne = await drainOneByOne(routing);
    const router = await drainByRouter(routing);
    const roundTrips = await drainByRoundTrips(routing);
    const rateLimiter = await drainByRateLimiter(routing);
    const bullmq = await bullmqRate(bench, redis, {
      concurrency: BULLMQ_CONCURRENCY,
      warmUp: makeEntries(WARM_UP_DECISIONS, `bull-warm-${round}`),
      entries: makeEntries(decisions / 2, `bull-${round}`),
    });
    if (round > 0) {
      const raw = { ceiling, batched, bareWrites };
      rounds.push({ ...raw, oneByOne, router, roundTrips, rateLimiter, bullmq: { rate: bullmq } });
    }
  }
  return findings(rounds);
}

function findings(rounds: readonly Round[]): readonly Finding[] {
  const middle = (of: (round: Round) => number) => figureText(median(rounds.map(of)));
  const costOf = (of: "ceiling" | "batched" | "bareWrites" | "oneByOne" | "router") => {
    const server = (part: keyof ServerCost) => middle((round) => round[of].server[part]);
    return `µs of processor each: server ${server("all")}, of it FCALL ${server("calls")}, XREADGROUP ${server("reads")}`;
  };
  const rate = (what: string, of: keyof Round, detail?: string): Finding => ({
    ...{ what, figure: median(rounds.map((round) => round[of].rate)), unit: "decisions/s" },
    ...(detail === undefined ? {} : { detail }),
  });
  const against = (base: keyof Round, to: string) => (of: keyof Round, limit?: number) => {
    const ratio = ratioOfRounds(rounds, (round) => round[of].rate, { of: (round) => round[base].rate, to });
    if (limit === undefined) return { ratio };
    return { ratio, aim: { of: "ratio", bound: "at least", limit } satisfies Aim };
  };
  const toCeiling = against("ceiling", "the ceiling");
  const used = `${costOf("router")}; router ${middle((round) => round.router.readerMicros)}`;
  const router = "stream to stream, compiled router";
  return [
    rate("raw FCALL ceiling, one decision a call", "ceiling", costOf("ceiling")),
    {
      ...rate(`raw FCALL, ${PER_CALL} decisions a call`, "batched", costOf("batched")),
      ...toCeiling("batched"),
    },
    {
      ...rate(`raw writes without a check, ${PER_CALL} decisions a call`, "bareWrites", costOf("bareWrites")),
      ...toCeiling("bareWrites"),
    },
    {
      ...rate("stream to stream, one decision a call", "oneByOne", costOf("oneByOne")),
      ...toCeiling("oneByOne", 0.7),
    },
    { ...rate(`${router} (up to ${PER_CALL} a call)`, "router", used), ...toCeiling("router", 2) },
    rate("the same checks as round trips", "roundTrips"),
    { ...rate(router, "router"), ...against("roundTrips", "the round trips")("router") },
    rate("rate-limiter-flexible + XADD", "rateLimiter"),
    { ...rate(router, "router"), ...against("rateLimiter", "rate-limiter-flexible")("router") },
    rate("BullMQ, process + add", "bullmq"),
    { ...rate(router, "router"), ...against("bullmq", "BullMQ")("router", 4) },
    {
      ...rate("stream to stream, one decision a call", "oneByOne"),
      ...against("bullmq", "BullMQ")("oneByOne"),
    },
  ];
}

async function driveRaw(
  redis: BenchRedis,
  load: { readonly decisions: number; readonly perCall: number; readonly inFlight: number },
  changed: (commands: readonly Buffer[]) => Promise<readonly Buffer[]> = (commands) =>
    Promise.resolve(commands),
): Promise<Raw> {
  // On as many keys as the router's drain: with more of them each takes longer to find.
  const total = WARM_UP_DECISIONS + load.decisions;
  const pending = await deliverDecisions(redis, total);
  const commands = await changed(await admissionCommands(pending, load.perCall));
  const before = WARM_UP_DECISIONS / load.perCall;
  await redis.raw.drive(commands.slice(0, before), load.inFlight);
  const serverCost = await measureServerCost(redis);
  const elapsedMs = await redis.raw.drive(commands.slice(before), load.inFlight);
  const server = await serverCost(load.decisions);
  await assertAllAdmitted(redis, pending.keys, total);
  return { rate: (load.decisions / elapsedMs) * 1000, server };
}
