import { join } from "node:path";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { openVenue, simulated } from "../../../tests/chaos/exit/venue-hand.ts";
import { atRest } from "../../stack/at-rest.ts";
import { startTradingStack, type TradingStack } from "../../stack/trading-stack.ts";
import type { Benchmark, Measurement, Plot } from "../benchmark.ts";
import { EXIT_WAYS, type ExitDepartures, sendExits } from "../drive/exit-sender.ts";
import { type Flooded, flood } from "../drive/flood.ts";
import { exitLatenciesOf, readReceipts } from "../drive/order-receipts.ts";
import { makeEntries } from "../drive/pending-decisions.ts";
import { encodeCommand, openRawRedis } from "../drive/raw-redis.ts";
import { drainByRouter } from "../drive/routers.ts";
import { watchDelay } from "../drive/stream-delay.ts";
import { WIDE_OPEN } from "../drive/wide-open.ts";
import type { Finding } from "../finding.ts";
import { quantilesText } from "../measure/figures.ts";
import { processorTimeMs } from "../measure/processor-time.ts";
import { startBenchRedis, type Workbench } from "../workbench.ts";

const SIZES = {
  quick: { forMs: 6000, calibration: 6000 },
  full: { forMs: 30_000, calibration: 16_000 },
  long: { forMs: 30_000, calibration: 16_000 },
} as const;
/** The aim is for the last of them. */
const TIMES_THE_RATE = [1, 2] as const;
const EXITS_PER_SEC = 20;
const BEHIND_MS_MAX = 1000;
const EXIT_TIMES_MAX = 2;
const SYMBOLS = 40;
/** Units of each position: more than all exits take. */
const POSITION_UNITS = "2000";
/** Decisions the flood is made of, over and over: each is a new message. */
const POOL = 20_000;

const keys = keysOf("");
type Delays = readonly (readonly [number, number])[];
interface FloodRun {
  /** Of the admission rate. */
  readonly times: number;
  readonly rate: number;
  readonly flooded: Flooded;
  readonly exits: ExitDepartures;
  readonly delays: Delays;
  /** Processor time a decision of server, router and source, µs. */
  readonly micros: readonly number[];
}

/** Whether a flood of refused decisions holds up the router, or anyone's way out of a position. */
export const refusedFlood: Benchmark = {
  name: "flood",
  title: "A flood is refused while exits pass",
  method:
    "First the rate at which the compiled router admits, with nothing else running. Then router with its default " +
    `limits, execution and paper exchange, AOF everysec and no maxmemory: ${SIZES.full.forMs / 1000} s of that rate, then of ${TIMES_THE_RATE.at(-1)} × it, of ` +
    "decisions from a bare socket; the first ones trip safe mode, the others are refused one by one, each with its " +
    `recorded verdict. Meanwhile ${EXITS_PER_SEC} small exits a second, half of them on the exit brain's stream, half as ` +
    "reduce-only decisions in the middle of the flood. Behind is the age of the oldest decision without a verdict, " +
    "by the server's clock, looked at every 50 ms. An exit's latency is from just before its XADD to its order at " +
    "the exchange, against the same exits before the flood.",
  limit:
    "Redis executes on one thread, and the flood is measured against how fast the router admits. An admission keeps that " +
    "thread busy for nearly a second divided by the admission rate; at twice the rate a refusal may take half of that, and " +
    "a server that needs more µs for each than a second divided by the flood's rate falls behind by the difference for as " +
    "long as the flood lasts, and misses the aims. While safe mode stands the router asks about up to 128 entries a call and sends no documents. Of a " +
    "refusal's instructions at the server (callgrind) a quarter appends the decision, a quarter reads it, half of that the " +
    "XCLAIM that XREADGROUP writes to the append-only file, a fifth is the SET that keeps the verdict (a lifetime is set " +
    "key by key, and each is a line of that file), and the rest the look whether the message is new, its acknowledgement, parsing " +
    "and Lua. Every part is an entry's own, so none shrinks with more of them in a call. Decisions beyond what the thread has " +
    "time for wait, and an exit that comes as a decision waits among them; in the page that has it, it is first. One on the " +
    "exit stream waits for its turn at the server alone.",
  run: measure,
};

async function measure(bench: Workbench): Promise<Measurement> {
  const { forMs, calibration } = SIZES[bench.effort];
  const rate = await admissionRate(bench, calibration);
  const { execution, "paper-exchange": paper } = WIDE_OPEN;
  const stack = await startTradingStack({
    folder: join(bench.folder, "stack"),
    appendfsync: "everysec",
    binaries: bench.binaries,
    env: { execution, "paper-exchange": paper },
  });
  bench.defer(() => stack.stop());
  const eye = await stack.redis.eye();
  bench.defer(eye.close);
  await eye.command("SET", keys.kill, "0");
  const symbols = await openPositions(stack);
  const exits = { perSec: EXITS_PER_SEC, forMs };
  // The first exits of a process run on cold code.
  await sendExits({ eye, keys }, symbols, { perSec: EXITS_PER_SEC, forMs: forMs / 2 });
  const quiet = await sendExits({ eye, keys }, symbols, exits);
  const raw = await openRawRedis(stack.redis.socketPath);
  bench.defer(raw.close);
  const pool = makeEntries(POOL, "flood").map((fields) =>
    encodeCommand(["XADD", keys.decisionStream, "*", ...fields]),
  );
  const lookout = await stack.redis.eye();
  bench.defer(lookout.close);
  const floods: FloodRun[] = [];
  for (const times of TIMES_THE_RATE) {
    const watch = watchDelay(lookout, keys.decisionStream, GROUPS.router);
    const before = await processorTimes(stack);
    const [flooded, exitsMeanwhile] = await Promise.all([
      flood(raw, pool, { perSec: times * rate, forMs }),
      sendExits({ eye, keys }, symbols, exits),
    ]);
    await atRest(eye, keys, 180_000);
    const delays = await watch.stop();
    const after = await processorTimes(stack);
    const micros = after.map((ms, at) => ((ms - (before[at] ?? 0)) / flooded.sent) * 1000);
    floods.push({ times, rate, flooded, exits: exitsMeanwhile, delays, micros });
  }
  const received = await readReceipts(stack.daemons["paper-exchange"].url);
  const figure = { what: "admission rate of the router", figure: rate, unit: "decisions/s" } as const;
  return {
    findings: [
      figure,
      ...floods.flatMap((run) => [...floodFindings(run), ...exitFindings(quiet, run, received)]),
    ],
    plots: floods.slice(-1).map(({ delays }) => delayPlot(delays)),
  };
}

async function admissionRate(bench: Workbench, decisions: number): Promise<number> {
  const redis = await startBenchRedis(bench, "everysec");
  const { rate } = await drainByRouter({ bench, redis, decisions });
  await redis.process.process().stop();
  return rate;
}

/** Of Redis, the router and this process, which is the flood's source. */
async function processorTimes(stack: TradingStack): Promise<readonly number[]> {
  const { redis, daemons } = stack;
  const pids = [redis.process().pid, daemons["ai-strategy-router"].process().pid, process.pid];
  return await Promise.all(pids.map(processorTimeMs));
}

async function openPositions(stack: TradingStack): Promise<readonly string[]> {
  const venue = openVenue(stack.daemons["paper-exchange"].url);
  const symbols = simulated(SYMBOLS);
  for (const symbol of symbols) {
    await venue.call("POST", "/fapi/v1/order", {
      ...{ symbol, side: "BUY", type: "MARKET", quantity: POSITION_UNITS },
    });
  }
  return symbols;
}

const isJudged = (times: number) => times === TIMES_THE_RATE.at(-1);

function floodFindings({ times, rate, flooded, delays, micros }: FloodRun): readonly Finding[] {
  const [server = 0, router = 0, source = 0] = micros;
  const spent = `server ${server.toFixed(1)}, router ${router.toFixed(1)}, the flood's source ${source.toFixed(1)}`;
  const offered = (flooded.sent / flooded.elapsedMs) * 1000;
  const behind = {
    what: `${times} ×: the router is behind by at most`,
    ...{ figure: Math.max(0, ...delays.map(([, ms]) => ms)), unit: "ms" },
  } as const;
  const aim = { of: "figure", bound: "at most", limit: BEHIND_MS_MAX } as const;
  return [
    {
      ...{ what: `${times} ×: flood that the server took in`, figure: offered, unit: "decisions/s" },
      detail: `µs of processor each: ${spent}`,
      ratio: { value: offered / rate, to: "the admission rate" },
    },
    isJudged(times) ? { ...behind, aim } : behind,
  ];
}

function exitFindings(
  before: ExitDepartures,
  { times, exits }: FloodRun,
  received: ReadonlyMap<string, number>,
): readonly Finding[] {
  return EXIT_WAYS.flatMap((way) => {
    const quiet = exitLatenciesOf(before[way], received);
    const during = exitLatenciesOf(exits[way], received);
    const found = {
      ...{ what: `${times} ×: exit, ${way}: p99`, figure: during.quantile(0.99), unit: "ms" },
      ratio: {
        value: during.quantile(0.99) / quiet.quantile(0.99),
        to: `${quiet.quantile(0.99).toFixed(2)} ms before the flood`,
      },
      detail: quantilesText(during),
    } as const;
    return [
      isJudged(times) ? { ...found, aim: { of: "ratio", bound: "at most", limit: EXIT_TIMES_MAX } } : found,
    ];
  });
}

function delayPlot(delays: Delays): Plot {
  return {
    name: "flood",
    spec: {
      ...{ width: 560, height: 200 },
      data: { values: delays.map(([atMs, ms]) => ({ sec: atMs / 1000, ms })) },
      layer: [
        {
          mark: "line",
          encoding: {
            x: { field: "sec", type: "quantitative", title: "s since the flood began" },
            y: { field: "ms", type: "quantitative", title: "oldest decision without a verdict, ms" },
          },
        },
        { mark: { type: "rule", strokeDash: [4, 4] }, encoding: { y: { datum: BEHIND_MS_MAX } } },
      ],
    },
  };
}
