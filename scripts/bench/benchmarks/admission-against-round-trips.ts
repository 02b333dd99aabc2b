import { admit } from "../../../lib/kernel/admit.ts";
import type { Benchmark } from "../benchmark.ts";
import { type Driven, keepInFlight } from "../drive/keep-in-flight.ts";
import { assertAllAdmitted, deliverDecisions, OPEN_LIMITS } from "../drive/pending-decisions.ts";
import { admitByRoundTrips } from "../drive/round-trips.ts";
import type { Finding } from "../finding.ts";
import { quantilesText } from "../measure/figures.ts";
import { median } from "../measure/median.ts";
import { ratioOfRounds } from "../measure/ratio-of-rounds.ts";
import { type BenchRedis, startBenchRedis, type Workbench } from "../workbench.ts";

const ROUNDS = { quick: 2, full: 5, long: 5 } as const;
const FSYNC = ["everysec", "always"] as const;
const LOADS = [
  { name: "sequential", inFlight: 1, decisions: { quick: 400, full: 1500, long: 1500 } },
  { name: "64 in flight", inFlight: 64, decisions: { quick: 2000, full: 6000, long: 6000 } },
] as const;

interface Load {
  readonly name: string;
  readonly inFlight: number;
  readonly decisions: number;
}

/** Admission as one call against the same checks made one after another, through the same connection. */
export const admissionAgainstRoundTrips: Benchmark = {
  name: "admission",
  title: "Admission: one FCALL against separate round trips",
  method:
    "The router's own connection over a unix socket, one decision a call, every decision admitted. The round " +
    "trips are GET, SET NX twice, INCR+EXPIRE twice, INCR, XADD, XACK: fewer checks than the function makes " +
    "(it also reads kill switch, halt and backlog, keeps the sliding windows, the top symbols and the " +
    `statistics). Medians of ${ROUNDS.full} interleaved rounds, on two servers: one syncs the append-only file once a second, one before each reply.`,
  run: measure,
};

type Fsync = (typeof FSYNC)[number];
type Servers = Readonly<Record<Fsync, BenchRedis>>;

/** What both ways took on one server. */
interface Both {
  readonly one: Driven;
  readonly many: Driven;
}
type Round = Readonly<Record<Fsync, Both>>;

async function measure(bench: Workbench): Promise<readonly Finding[]> {
  const servers = {
    everysec: await startBenchRedis(bench, "everysec"),
    always: await startBenchRedis(bench, "always"),
  };
  const findings: Finding[] = [];
  for (const { name, inFlight, decisions } of LOADS) {
    const load = { name, inFlight, decisions: decisions[bench.effort] };
    findings.push(...(await compare(servers, load, ROUNDS[bench.effort])));
  }
  return findings;
}

async function compare(servers: Servers, load: Load, count: number): Promise<readonly Finding[]> {
  const rounds: Round[] = [];
  const drive = async (redis: BenchRedis): Promise<Both> => {
    const one = await driveOneCall(redis, load);
    return { one, many: await driveRoundTrips(redis, load) };
  };
  // The first round warms the compiler up and is not counted.
  for (let round = 0; round <= count; round += 1) {
    const both = { everysec: await drive(servers.everysec), always: await drive(servers.always) };
    if (round > 0) rounds.push(both);
  }
  return [...FSYNC.flatMap((fsync) => againstRoundTrips(rounds, fsync, load)), priceOfAlways(rounds, load)];
}

const rateOf = (driven: Driven, { decisions }: Load) => (decisions / driven.elapsedMs) * 1000;

function againstRoundTrips(rounds: readonly Round[], fsync: Fsync, load: Load): readonly Finding[] {
  const middle = (of: keyof Both) => median(rounds.map((round) => rateOf(round[fsync][of], load)));
  const detail = (of: keyof Both) => {
    const quantile = (q: number) => median(rounds.map((round) => round[fsync][of].latencies.quantile(q)));
    return quantilesText({ quantile });
  };
  const manyRate = { of: (round: Round) => rateOf(round[fsync].many, load), to: "the round trips" };
  const where = `${load.name}, AOF ${fsync}`;
  return [
    { what: `round trips, ${where}`, figure: middle("many"), unit: "decisions/s", detail: detail("many") },
    {
      what: `one FCALL, ${where}`,
      figure: middle("one"),
      unit: "decisions/s",
      detail: detail("one"),
      ratio: ratioOfRounds(rounds, (round) => rateOf(round[fsync].one, load), manyRate),
      ...(load.inFlight === 1 ? { aim: { of: "ratio", bound: "at least", limit: 2.5 } } : {}),
    },
  ];
}

/** What a sync of the disk before each reply costs. */
function priceOfAlways(rounds: readonly Round[], load: Load): Finding {
  const rate = (fsync: Fsync) => (round: Round) => rateOf(round[fsync].one, load);
  return {
    what: `always : everysec, one FCALL, ${load.name}`,
    figure: median(rounds.map(rate("always"))),
    unit: "decisions/s",
    ratio: ratioOfRounds(rounds, rate("always"), { of: rate("everysec"), to: "AOF everysec" }),
  };
}

async function driveOneCall(redis: BenchRedis, load: Load): Promise<Driven> {
  const { keys, requests } = await deliverDecisions(redis, load.decisions);
  const driven = await keepInFlight(load.decisions, load.inFlight, (index) =>
    admit(redis.connection, keys, {
      limits: OPEN_LIMITS,
      requests: requests.slice(index, index + 1),
      rates: "check",
    }),
  );
  await assertAllAdmitted(redis, keys, load.decisions);
  return driven;
}

async function driveRoundTrips(redis: BenchRedis, load: Load): Promise<Driven> {
  const { keys, requests } = await deliverDecisions(redis, load.decisions);
  const driven = await keepInFlight(load.decisions, load.inFlight, async (index) => {
    const request = requests[index];
    if (request !== undefined) await admitByRoundTrips(redis.connection, keys, request);
  });
  await assertAllAdmitted(redis, keys, load.decisions);
  return driven;
}
