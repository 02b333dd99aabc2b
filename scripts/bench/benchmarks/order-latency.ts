import { join } from "node:path";
import { z } from "zod";
import { intentIdOf } from "../../../lib/contract/intent-id.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { clientOrderId } from "../../../lib/exchange/client-order-id.ts";
import { atRest } from "../../stack/at-rest.ts";
import type { RedisEye } from "../../stack/redis-process.ts";
import { startTradingStack } from "../../stack/trading-stack.ts";
import type { Benchmark, Measurement, Plot } from "../benchmark.ts";
import { assertTraded } from "../drive/assert-traded.ts";
import { type BarePath, openBarePath } from "../drive/bare-path.ts";
import { latenciesOf, readReceipts } from "../drive/order-receipts.ts";
import { tradingDecisions } from "../drive/trading-decisions.ts";
import { WIDE_OPEN } from "../drive/wide-open.ts";
import type { Finding } from "../finding.ts";
import type { LatencyHistogram } from "../measure/latency-histogram.ts";
import { preciseNowMs } from "../measure/precise-now.ts";
import type { Workbench } from "../workbench.ts";

interface Phase {
  readonly name: "first" | "warm-up" | "1" | "20" | "200";
  readonly decisions: number;
  readonly perSec: number;
  /**
   * Decisions sent one after another before the bare path is travelled as often: 1 takes them in turn, half a period
   * apart; more where a period has no room for both.
   */
  readonly block: number;
}

/** A daemon runs for weeks and its compiler needs a thousand calls to settle: the first ones are told apart. */
const FIRST: Phase = { name: "first", decisions: 100, perSec: 20, block: 1 };
const WARM_UP: Phase = { name: "warm-up", decisions: 1500, perSec: 200, block: 100 };
const PHASES = {
  quick: [
    ...[FIRST, { ...WARM_UP, decisions: 600 }, { name: "1", decisions: 10, perSec: 1, block: 1 }],
    { name: "20", decisions: 150, perSec: 20, block: 1 },
    { name: "200", decisions: 1000, perSec: 200, block: 100 },
  ],
  full: [
    ...[FIRST, WARM_UP, { name: "1", decisions: 100, perSec: 1, block: 1 }],
    { name: "20", decisions: 600, perSec: 20, block: 1 },
    { name: "200", decisions: 4000, perSec: 200, block: 100 },
  ],
} as const satisfies Record<string, readonly Phase[]>;
const MEASURED = ["1", "20", "200"] as const;
const P50_TIMES_MAX = 3;
const P99_TIMES_MAX = 10;
/** What is promised in ms on two cores at this many decisions a second, from when the decision was appended. */
const PROMISED = { perSec: "20", p50Ms: 2, p99Ms: 10 } as const;

const keys = keysOf("");

/** From the moment a decision is handed to Redis to the moment its order request is at the exchange. */
export const orderLatency: Benchmark = {
  name: "latency",
  title: "Decision → order request at the exchange",
  method:
    "Compiled router, execution and paper exchange, AOF everysec, entries only, every one admitted, gated and " +
    `sized: ${PHASES.full.map(({ name, decisions, perSec }) => `${decisions} at ${perSec} a second${Number(name) > 0 ? "" : ` (${name})`}`).join(", ")}. ` +
    "The time is from just before the XADD to when the exchange saw the request, before reading its body; what is " +
    "promised in ms counts from when Redis appended the decision, by the TIME that precedes the XADD in one write. The " +
    "bare path makes the same hops with plain clients in one process and functions that do nothing: XADD, " +
    "blocking XREADGROUP, FCALL, blocking XREADGROUP, FCALL, POST; at the same rate, in turn with the decisions " +
    "(at 200 a second in turn by the hundred). At 1 a second p99 is the second worst of a hundred.",
  limit:
    "With few decisions a second processes, connections and code are cold at every hop: between two of them the scheduler " +
    "has given both processors to others and the caches hold something else, so that a rarer decision takes longer, on the bare " +
    "path too. By a profile at 20 a second, about two fifths of our time above the bare path is JavaScript that is touched " +
    "cold, and a third is Redis executing the two functions that the bare path has empty.",
  run: measure,
};

async function measure(bench: Workbench): Promise<Measurement> {
  const stack = await startTradingStack({
    folder: join(bench.folder, "stack"),
    appendfsync: "everysec",
    binaries: bench.binaries,
    env: WIDE_OPEN,
  });
  bench.defer(() => stack.stop());
  const venueUrl = stack.daemons["paper-exchange"].url;
  const eye = await stack.redis.eye();
  bench.defer(eye.close);
  const bare = await openBarePath(stack.redis, venueUrl);
  bench.defer(bare.close);
  const departures = new Map<Phase["name"], Departed>();
  const source = { eye, bare, decide: await tradingDecisions(venueUrl, "latency") };
  await eye.command("SET", keys.kill, "0");
  const phases = PHASES[bench.effort === "quick" ? "quick" : "full"];
  for (const phase of phases) departures.set(phase.name, await sendInTurn(source, phase));
  await atRest(eye, keys, 15_000);
  await assertTraded(eye, keys);
  const received = await readReceipts(venueUrl);
  const latencies = (name: Phase["name"], path: Way) =>
    latenciesOf(departures.get(name)?.[path] ?? new Map(), received);
  const first: Finding = {
    what: "first 100 orders of a process, p50",
    figure: latencies("first", "traded").quantile(0.5),
    unit: "ms",
  };
  const pairs = MEASURED.map((perSec) => {
    return { perSec, traded: latencies(perSec, "traded"), bare: latencies(perSec, "bare") };
  });
  const promised = promises(latencies(PROMISED.perSec, "appended"));
  return { findings: [first, ...pairs.flatMap(findings), ...promised], plots: [latencyPlot(pairs)] };
}

/** From where to the exchange: our daemons from the XADD, the same from when Redis had appended, the bare path. */
type Way = "traded" | "appended" | "bare";
/** Client order id → when it set out, epoch ms. */
type Departures = ReadonlyMap<string, number>;
type Departed = Readonly<Record<Way, Departures>>;

interface Source {
  readonly eye: RedisEye;
  readonly bare: BarePath;
  readonly decide: () => readonly string[];
}

async function sendInTurn(source: Source, phase: Phase): Promise<Departed> {
  const { eye, bare, decide } = source;
  const traded = new Map<string, number>();
  const appended = new Map<string, number>();
  const bareDepartures = new Map<string, number>();
  const everyMs = 1000 / phase.perSec;
  const trade = async () => {
    const fields = decide();
    const id = orderIdOf(fields);
    traded.set(id, preciseNowMs());
    const time = eye.command("TIME");
    await eye.command("XADD", keys.decisionStream, "*", ...fields);
    appended.set(id, epochMs(await time));
  };
  const travel = async (index: number) => {
    const id = `bare-${phase.name}-${index}`;
    bareDepartures.set(id, await bare.travel(id));
  };
  for (let at = 0; at < phase.decisions; at += phase.block) {
    const startMs = performance.now();
    if (phase.block === 1) {
      await trade();
      // Half-way between two decisions the stack is idle again.
      await sleepUntil(startMs + everyMs / 2);
      await travel(at);
      await sleepUntil(startMs + everyMs);
      continue;
    }
    await paced(phase, trade);
    await atRest(eye, keys, 15_000);
    await paced(phase, (index) => travel(at + index));
  }
  return { traded, appended, bare: bareDepartures };
}

/** A block of acts at the phase's rate; one that takes longer than a period delays those behind it. */
async function paced(phase: Phase, act: (index: number) => Promise<void>): Promise<void> {
  const startMs = performance.now();
  for (let index = 0; index < phase.block; index += 1) {
    await sleepUntil(startMs + (index * 1000) / phase.perSec);
    await act(index);
  }
}

function sleepUntil(atMs: number): Promise<void> {
  return Bun.sleep(Math.max(0, atMs - performance.now()));
}

const timeSchema = z.tuple([z.coerce.number(), z.coerce.number()]);

/** The reply to TIME. */
function epochMs(time: unknown): number {
  const [seconds, micros] = timeSchema.parse(time);
  return seconds * 1000 + micros / 1000;
}

const payloadSchema = z.looseObject({ symbol: z.string(), side: z.string(), timestamp: z.string() });

/** The client id under which execution will send this decision's order. */
function orderIdOf(fields: readonly string[]): string {
  const field = (name: string) => fields[fields.indexOf(name) + 1] ?? "";
  const { symbol, side, timestamp } = payloadSchema.parse(JSON.parse(field("payload")));
  const intentId = intentIdOf({
    traceId: field("trace_id"),
    symbol,
    action: side,
    timestampMs: Date.parse(timestamp),
    strategy: undefined,
    entryPrice: undefined,
  });
  return clientOrderId(intentId, 1);
}

interface Pair {
  readonly perSec: string;
  readonly traded: LatencyHistogram;
  readonly bare: LatencyHistogram;
}

function findings({ perSec, traded, bare }: Pair): readonly Finding[] {
  const line = (name: string, q: number, limit: number): readonly Finding[] => [
    { what: `bare round trips, ${name} at ${perSec} a second`, figure: bare.quantile(q), unit: "ms" },
    {
      what: `decision → order request, ${name} at ${perSec} a second`,
      figure: traded.quantile(q),
      unit: "ms",
      detail: `${traded.count} orders`,
      ratio: { value: traded.quantile(q) / bare.quantile(q), to: "the bare path" },
      aim: { of: "ratio", bound: "at most", limit },
    },
  ];
  return [...line("p50", 0.5, P50_TIMES_MAX), ...line("p99", 0.99, P99_TIMES_MAX)];
}

function promises(appended: LatencyHistogram): readonly Finding[] {
  const promise = (name: string, q: number, limit: number): Finding => ({
    what: `decision appended → order request, ${name} at ${PROMISED.perSec} a second, on two cores`,
    ...{ figure: appended.quantile(q), unit: "ms", aim: { of: "figure", bound: "at most", limit } },
  });
  return [promise("p50", 0.5, PROMISED.p50Ms), promise("p99", 0.99, PROMISED.p99Ms)];
}

const PLOTTED_QUANTILES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99] as const;

function latencyPlot(pairs: readonly Pair[]): Plot {
  const values = pairs.flatMap(({ perSec, traded, bare }) =>
    PLOTTED_QUANTILES.flatMap((q) => [
      { share: 100 * q, ms: traded.quantile(q), path: "decision → order", rate: `${perSec} a second` },
      { share: 100 * q, ms: bare.quantile(q), path: "bare round trips", rate: `${perSec} a second` },
    ]),
  );
  return {
    name: "latency",
    spec: {
      data: { values },
      facet: { column: { field: "rate", type: "nominal", sort: null, title: null } },
      spec: {
        ...{ width: 220, height: 220, mark: { type: "line", point: true } },
        encoding: {
          x: { field: "share", type: "quantitative", title: "of the orders, %" },
          y: { field: "ms", type: "quantitative", scale: { type: "log" }, title: "at most, ms" },
          color: { field: "path", type: "nominal", title: null },
        },
      },
    },
  };
}
