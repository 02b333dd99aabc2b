import { join } from "node:path";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { openVenue, simulated } from "../../../tests/chaos/exit/venue-hand.ts";
import { atRest } from "../../stack/at-rest.ts";
import { startTradingStack, type TradingStack } from "../../stack/trading-stack.ts";
import type { Benchmark, Measurement, Plot } from "../benchmark.ts";
import { EXIT_WAYS, type ExitDepartures, sendExits } from "../drive/exit-sender.ts";
import { type Flooded, flood } from "../drive/flood.ts";
import { latenciesOf, readReceipts } from "../drive/order-receipts.ts";
import { makeEntries } from "../drive/pending-decisions.ts";
import { encodeCommand, openRawRedis } from "../drive/raw-redis.ts";
import { drainByRouter } from "../drive/routers.ts";
import { watchDelay } from "../drive/stream-delay.ts";
import { WIDE_OPEN } from "../drive/wide-open.ts";
import type { Finding } from "../finding.ts";
import { quantilesText } from "../measure/figures.ts";
import { startBenchRedis, type Workbench } from "../workbench.ts";

const SIZES = {
  quick: { forMs: 6000, calibration: 6000 },
  full: { forMs: 30_000, calibration: 16_000 },
  long: { forMs: 30_000, calibration: 16_000 },
} as const;
const TIMES_THE_RATE = 2;
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

/** Whether a flood of refused decisions holds up the router, or anyone's way out of a position. */
export const refusedFlood: Benchmark = {
  name: "flood",
  title: "A flood is refused while exits pass",
  method:
    "First the rate at which the compiled router admits, with nothing else running. Then router with its default " +
    `limits, execution and paper exchange: ${SIZES.full.forMs / 1000} s of ${TIMES_THE_RATE} × that rate of ` +
    "decisions from a bare socket; the first ones trip safe mode, the others are refused one by one, each with its " +
    `recorded verdict. Meanwhile ${EXITS_PER_SEC} small exits a second, half of them on the exit brain's stream, half as ` +
    "reduce-only decisions in the middle of the flood. Behind is the age of the oldest decision without a verdict, " +
    "by the server's clock, looked at every 50 ms. An exit's latency is from just before its XADD to its order at " +
    "the exchange, against the same exits before the flood.",
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
  const watch = watchDelay(lookout, keys.decisionStream, GROUPS.router);
  const [flooded, during] = await Promise.all([
    flood(raw, pool, { perSec: TIMES_THE_RATE * rate, forMs }),
    sendExits({ eye, keys }, symbols, exits),
  ]);
  await atRest(eye, keys, 180_000);
  const delays = await watch.stop();
  const received = await readReceipts(stack.daemons["paper-exchange"].url);
  return {
    findings: [...floodFindings(rate, flooded, delays), ...exitFindings({ quiet, during }, received)],
    plots: [delayPlot(delays)],
  };
}

async function admissionRate(bench: Workbench, decisions: number): Promise<number> {
  const redis = await startBenchRedis(bench, "everysec");
  const { rate } = await drainByRouter({ bench, redis, decisions });
  await redis.process.process().stop();
  return rate;
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

function floodFindings(rate: number, flooded: Flooded, delays: Delays): readonly Finding[] {
  const offered = (flooded.sent / flooded.elapsedMs) * 1000;
  const behindMs = Math.max(0, ...delays.map(([, ms]) => ms));
  return [
    { what: "admission rate of the router", figure: rate, unit: "decisions/s" },
    {
      ...{ what: "flood that the server took in", figure: offered, unit: "decisions/s" },
      ratio: { value: offered / rate, to: "the admission rate" },
    },
    {
      ...{ what: "the router is behind by at most", figure: behindMs, unit: "ms" },
      aim: { of: "figure", bound: "at most", limit: BEHIND_MS_MAX },
    },
  ];
}

function exitFindings(
  phases: { readonly quiet: ExitDepartures; readonly during: ExitDepartures },
  received: ReadonlyMap<string, number>,
): readonly Finding[] {
  return EXIT_WAYS.flatMap((way) => {
    const quiet = latenciesOf(phases.quiet[way], received);
    const during = latenciesOf(phases.during[way], received);
    const ratio = { value: during.quantile(0.99) / quiet.quantile(0.99), to: "before the flood" };
    return [
      {
        ...{ what: `exit, ${way}: p99 before the flood`, figure: quiet.quantile(0.99), unit: "ms" },
        detail: quantilesText(quiet),
      },
      {
        ...{ what: `exit, ${way}: p99 in the flood`, figure: during.quantile(0.99), unit: "ms" },
        ...{ detail: quantilesText(during), ratio },
        aim: { of: "ratio", bound: "at most", limit: EXIT_TIMES_MAX } as const,
      },
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
