import { join } from "node:path";
import { z } from "zod";
import { intentIdOf } from "../../../lib/contract/intent-id.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { clientOrderId } from "../../../lib/exchange/client-order-id.ts";
import { atRest } from "../../stack/at-rest.ts";
import { DecisionMaker } from "../../stack/decision-maker.ts";
import { readPrices } from "../../stack/read-prices.ts";
import type { RedisEye } from "../../stack/redis-process.ts";
import { seededRandom } from "../../stack/seeded-random.ts";
import { startTradingStack, type TradingStack } from "../../stack/trading-stack.ts";
import type { Benchmark } from "../benchmark.ts";
import { type BarePath, openBarePath } from "../drive/bare-path.ts";
import type { Finding } from "../finding.ts";
import { createLatencyHistogram, type LatencyHistogram } from "../measure/latency-histogram.ts";
import { preciseNowMs } from "../measure/precise-now.ts";
import type { Workbench } from "../workbench.ts";

interface Phase {
  readonly name: "first" | "warm-up" | "measured";
  readonly decisions: number;
  readonly perSec: number;
}

/** A daemon runs for weeks and its compiler needs a thousand calls to settle: the first ones are told apart. */
const PHASES: readonly Phase[] = [
  { name: "first", decisions: 100, perSec: 20 },
  { name: "warm-up", decisions: 1500, perSec: 200 },
  { name: "measured", decisions: 300, perSec: 20 },
];
/** Marks move slowly enough for so many decisions. */
const PRICES_EVERY = 20;
/** Of the decisions that should trade, how many must have. */
const ARRIVED_SHARE_MIN = 0.9;

const keys = keysOf("");

const WIDE_OPEN = {
  "ai-strategy-router": {
    SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "1000000",
    SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: "1000000",
  },
  execution: { MAX_TRADES_10MIN: "1000000", MIN_HOLD_SECONDS: "0" },
  "paper-exchange": {
    PAPER_ORDER_LIMIT_10S: "1000000",
    PAPER_ORDER_LIMIT_1M: "1000000",
    PAPER_WEIGHT_LIMIT_1M: "10000000",
    PAPER_BALANCE_USD: "100000000",
  },
};

/** From the moment a decision is handed to Redis to the moment its order request is at the exchange. */
export const orderLatency: Benchmark = {
  name: "latency",
  title: "Decision → order request at the exchange",
  method:
    "Compiled router, execution and paper exchange, AOF everysec, entries only, every one admitted, gated and " +
    `sized: ${PHASES.map(({ name, decisions, perSec }) => `${decisions} at ${perSec} a second (${name})`).join(", ")}. ` +
    "The time is from just before the XADD to when the exchange saw the request, before reading its body. The " +
    "bare path makes the same hops with plain clients and functions that do nothing, in turn with the decisions: " +
    "XADD, blocking XREADGROUP, FCALL, blocking XREADGROUP, FCALL, two GETs at once, FCALL, POST.",
  run: measure,
};

async function measure(bench: Workbench): Promise<readonly Finding[]> {
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
  const source = { stack, eye, bare, maker: new DecisionMaker(seededRandom(1), "latency", [["entry", 1]]) };
  await eye.command("SET", keys.kill, "0");
  for (const phase of PHASES) departures.set(phase.name, await sendInTurn(source, phase));
  await atRest(eye, keys, 15_000);
  const received = await readReceipts(venueUrl);
  const latencies = (name: Phase["name"], path: keyof Departed) =>
    latenciesOf(departures.get(name)?.[path] ?? new Map(), received);
  return [
    {
      what: "first 100 orders of a process, p50",
      figure: latencies("first", "traded").quantile(0.5),
      unit: "ms",
    },
    ...findings(latencies("measured", "traded"), latencies("measured", "bare")),
  ];
}

/** Client order id → when it set out, epoch ms. */
type Departures = ReadonlyMap<string, number>;
type Departed = Readonly<Record<"traded" | "bare", Departures>>;

interface Source {
  readonly stack: TradingStack;
  readonly eye: RedisEye;
  readonly bare: BarePath;
  readonly maker: DecisionMaker;
}

async function sendInTurn(source: Source, phase: Phase): Promise<Departed> {
  const { stack, eye, bare, maker } = source;
  const venueUrl = stack.daemons["paper-exchange"].url;
  const traded = new Map<string, number>();
  const bareDepartures = new Map<string, number>();
  const everyMs = 1000 / phase.perSec;
  let prices = await readPrices(venueUrl);
  const startMs = performance.now();
  for (let index = 0; index < phase.decisions; index += 1) {
    if (index % PRICES_EVERY === 0) prices = await readPrices(venueUrl);
    await sleepUntil(startMs + index * everyMs);
    const { fields } = maker.next(prices, Date.now());
    traded.set(orderIdOf(fields), preciseNowMs());
    await eye.command("XADD", keys.decisionStream, "*", ...fields);
    // Half-way between two decisions the stack is idle again.
    await sleepUntil(startMs + (index + 0.5) * everyMs);
    const bareId = `bare-${phase.name}-${index}`;
    bareDepartures.set(bareId, await bare.travel(bareId));
  }
  return { traded, bare: bareDepartures };
}

function sleepUntil(atMs: number): Promise<void> {
  return Bun.sleep(Math.max(0, atMs - performance.now()));
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

const requestsSchema = z.looseObject({
  orders: z.array(z.looseObject({ clientOrderId: z.string(), receivedAtMs: z.number() })),
});

/** Client order id → when the exchange saw it first. */
async function readReceipts(venueUrl: string): Promise<ReadonlyMap<string, number>> {
  const reply = await fetch(`${venueUrl}/paper/requests`);
  const { orders } = requestsSchema.parse(await reply.json());
  const first = new Map<string, number>();
  for (const { clientOrderId: id, receivedAtMs } of orders) if (!first.has(id)) first.set(id, receivedAtMs);
  return first;
}

function latenciesOf(departures: Departures, received: ReadonlyMap<string, number>): LatencyHistogram {
  const latencies = createLatencyHistogram();
  for (const [id, departedMs] of departures) {
    const receivedMs = received.get(id);
    if (receivedMs !== undefined) latencies.record(receivedMs - departedMs);
  }
  if (latencies.count < ARRIVED_SHARE_MIN * departures.size) {
    throw new Error(`only ${latencies.count} of ${departures.size} orders reached the exchange`);
  }
  return latencies;
}

function findings(traded: LatencyHistogram, bare: LatencyHistogram): readonly Finding[] {
  const line = (name: string, q: number, limitMs: number): readonly Finding[] => [
    { what: `bare round trips, ${name}`, figure: bare.quantile(q), unit: "ms" },
    {
      what: `decision → order request, ${name} at 20 a second`,
      figure: traded.quantile(q),
      unit: "ms",
      detail: `${traded.count} orders`,
      ratio: { value: traded.quantile(q) / bare.quantile(q), to: "the bare path" },
      aim: { of: "figure", bound: "at most", limit: limitMs },
    },
  ];
  return [...line("p50", 0.5, 2), ...line("p99", 0.99, 10)];
}
