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
    `statistics). Medians of ${ROUNDS.full} interleaved rounds on the same server.`,
  run: measure,
};

async function measure(bench: Workbench): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const fsync of FSYNC) {
    const redis = await startBenchRedis(bench, fsync);
    for (const { name, inFlight, decisions } of LOADS) {
      const load = { name, inFlight, decisions: decisions[bench.effort] };
      findings.push(...(await compare(redis, { fsync, load, rounds: ROUNDS[bench.effort] })));
    }
  }
  return findings;
}

async function compare(
  redis: BenchRedis,
  setting: { readonly fsync: string; readonly load: Load; readonly rounds: number },
): Promise<readonly Finding[]> {
  const { fsync, load } = setting;
  const rounds: { readonly one: Driven; readonly many: Driven }[] = [];
  // The first round warms the compiler up and is not counted.
  for (let round = 0; round <= setting.rounds; round += 1) {
    const one = await driveOneCall(redis, load);
    const many = await driveRoundTrips(redis, load);
    if (round > 0) rounds.push({ one, many });
  }
  const rate = (driven: Driven) => (load.decisions / driven.elapsedMs) * 1000;
  const middle = (of: "one" | "many") => median(rounds.map((round) => rate(round[of])));
  const detail = (of: "one" | "many") => {
    const quantile = (q: number) => median(rounds.map((round) => round[of].latencies.quantile(q)));
    return quantilesText({ quantile });
  };
  const manyRate = { of: (round: (typeof rounds)[number]) => rate(round.many), to: "the round trips" };
  const where = `${load.name}, AOF ${fsync}`;
  return [
    { what: `round trips, ${where}`, figure: middle("many"), unit: "decisions/s", detail: detail("many") },
    {
      what: `one FCALL, ${where}`,
      figure: middle("one"),
      unit: "decisions/s",
      detail: detail("one"),
      ratio: ratioOfRounds(rounds, (round) => rate(round.one), manyRate),
      ...(load.inFlight === 1 ? { aim: { of: "ratio", bound: "at least", limit: 2.5 } } : {}),
    },
  ];
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
