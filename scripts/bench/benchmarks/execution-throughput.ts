import { join } from "node:path";
import { keysOf } from "../../../lib/contract/keys.ts";
import { entryTimeMs } from "../../../lib/redis/entry-time.ts";
import { atRest } from "../../stack/at-rest.ts";
import type { RedisEye } from "../../stack/redis-process.ts";
import { startTradingStack } from "../../stack/trading-stack.ts";
import type { Benchmark } from "../benchmark.ts";
import { assertTraded } from "../drive/assert-traded.ts";
import { connectRawVenue, rawOrderOf, rawOrderRate } from "../drive/raw-venue.ts";
import { tradingDecisions } from "../drive/trading-decisions.ts";
import { WIDE_OPEN } from "../drive/wide-open.ts";
import type { Finding } from "../finding.ts";
import { figureText } from "../measure/figures.ts";
import { median } from "../measure/median.ts";
import { processorTimeMs } from "../measure/processor-time.ts";
import { ratioOfRounds } from "../measure/ratio-of-rounds.ts";
import { entryOf } from "../peers/admit-decision.ts";
import type { Workbench } from "../workbench.ts";

const SIZES = {
  quick: { rounds: 1, intents: 400 },
  full: { rounds: 7, intents: 2000 },
  long: { rounds: 7, intents: 2000 },
} as const;
/** Execution's own default. */
const IN_FLIGHT = 32;
const HALF = 0.5;

const keys = keysOf("");

interface Round {
  readonly execution: number;
  readonly raw: number;
  /** Processor time an intent, µs. */
  readonly executionMicros: number;
  readonly venueMicros: number;
}

/** How many intents execution ends a second, against how many orders its own client can send and read. */
export const executionThroughput: Benchmark = {
  name: "execution",
  title: "Execution: gates, ledger, order, fills, settling",
  method:
    `Compiled execution and paper exchange, AOF everysec: ${SIZES.full.intents} intents appear on the stream at ` +
    "once, each on another symbol than the ones beside it, all of them trade. From the XADD to the last result, " +
    "by the server's clock. Raw is the same client (same signing, budget, deadline and checked replies) in the " +
    "bench's process: for each order the same two requests, POST order and GET userTrades, with " +
    `${IN_FLIGHT} orders in flight as execution has, and nothing else. No protective stops: they would be a third ` +
    `request on both sides. Medians of ${SIZES.full.rounds} interleaved rounds.`,
  run: measure,
};

async function measure(bench: Workbench): Promise<readonly Finding[]> {
  const stack = await startTradingStack({
    folder: join(bench.folder, "stack"),
    appendfsync: "everysec",
    binaries: bench.binaries,
    env: { ...WIDE_OPEN, execution: { ...WIDE_OPEN.execution, PROTECTIVE_STOP: "none" } },
  });
  bench.defer(() => stack.stop());
  const eye = await stack.redis.eye();
  bench.defer(eye.close);
  await eye.command("SET", keys.kill, "0");
  const venue = stack.daemons["paper-exchange"];
  const decide = await tradingDecisions(venue.url, "execution");
  const exchange = await connectRawVenue(venue.url);
  const pids = { execution: stack.daemons.execution.process().pid, venue: venue.process().pid };
  const { rounds: count, intents } = SIZES[bench.effort];
  const rounds: Round[] = [];
  for (let round = 0; round <= count; round += 1) {
    const payloads = Array.from({ length: intents }, () => decide()[1] ?? "");
    const before = [await processorTimeMs(pids.execution), await processorTimeMs(pids.venue)] as const;
    const execution = await drainIntents(eye, Array.from({ length: intents }, decide));
    const microsEach = (ms: number) => (1000 * ms) / intents;
    const executionMicros = microsEach((await processorTimeMs(pids.execution)) - before[0]);
    const venueMicros = microsEach((await processorTimeMs(pids.venue)) - before[1]);
    const raw = await rawOrderRate(exchange, payloads.map(rawOrderOf), IN_FLIGHT);
    if (round > 0) rounds.push({ execution, raw, executionMicros, venueMicros });
  }
  await assertTraded(eye, keys);
  return findings(rounds);
}

function findings(rounds: readonly Round[]): readonly Finding[] {
  const middle = (of: keyof Round) => median(rounds.map((round) => round[of]));
  const micros = (of: keyof Round) => figureText(middle(of));
  return [
    { what: "raw: order and its fills, same client", figure: middle("raw"), unit: "orders/s" },
    {
      what: "execution, stream to results",
      figure: middle("execution"),
      unit: "intents/s",
      detail: `µs of processor each: execution ${micros("executionMicros")}, venue ${micros("venueMicros")}`,
      ratio: ratioOfRounds(rounds, ({ execution }) => execution, { of: ({ raw }) => raw, to: "raw orders" }),
      aim: { of: "ratio", bound: "at least", limit: HALF },
    },
  ];
}

let drains = 0;

/** Intents a second, from their appearance to the last result. Throws when they do not come to rest. */
async function drainIntents(eye: RedisEye, decisions: readonly (readonly string[])[]): Promise<number> {
  drains += 1;
  const documents = decisions.map((fields, index) => {
    const pairs = fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1] ?? ""]] : []));
    const request = entryOf(`${drains}-${index}`, Object.fromEntries(pairs));
    return request.document;
  });
  const appended = documents.map((document) => eye.command("XADD", keys.intentStream, "*", "data", document));
  const [first] = await Promise.all(appended);
  await atRest(eye, keys, 120_000);
  const last = await eye.command("XREVRANGE", keys.resultStream, "+", "-", "COUNT", "1");
  const [entry] = Array.isArray(last) ? last : [];
  const lastId = Array.isArray(entry) ? String(entry[0]) : "";
  return (documents.length / (entryTimeMs(lastId) - entryTimeMs(String(first)))) * 1000;
}
