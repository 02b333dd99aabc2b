import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { deadLetterStreamOf } from "../../../lib/contract/keys.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import {
  decide,
  type RedisBench,
  type RunningDaemon,
  startRedisBench,
  statistic,
  verdicts,
  WIDE_OPEN,
} from "../../support/pipeline.ts";
import { untilDayIsYoung } from "../../support/utc-day.ts";
import { validDecision } from "../../support/valid-trade.ts";

let bench: RedisBench;
let router: RunningDaemon;
let decided = 0;
beforeAll(async () => {
  bench = await startRedisBench();
  router = await bench.start("ai-strategy-router", WIDE_OPEN["ai-strategy-router"]).ready();
});
afterAll(() => bench[Symbol.asyncDispose]());
beforeEach(async () => {
  await bench.eye.command("SET", router.keys.kill, "0");
  decided = await statistic(router, "ai-strategy-router", "decisions");
});

const append = (...fields: string[]) => bench.eye.command("XADD", router.keys.decisionStream, "*", ...fields);
const published = async () =>
  Number(await bench.eye.command("XLEN", router.keys.intentStream)) +
  Number(await bench.eye.command("XLEN", router.keys.exitIntentStream));

/** Which counters the next decisions have moved, by how much. */
async function counted(feed: () => Promise<unknown>, decisions = 1): Promise<Record<string, number>> {
  const before = await verdicts(router, decided);
  await feed();
  const after = await verdicts(router, decided + decisions);
  const named = Object.keys(after).filter((field) => !/^(?:decisions|restarts:.*)$/.test(field));
  const moved = named.filter((field) => after[field] !== before[field]);
  return Object.fromEntries(moved.map((field) => [field, (after[field] ?? 0) - (before[field] ?? 0)]));
}

/** Whatever became of the entries, none of them waits. */
async function expectAcknowledged(): Promise<void> {
  const [pending] = [await bench.eye.command("XPENDING", router.keys.decisionStream, GROUPS.router)].flat();
  expect(pending).toBe(0);
}

test.each([
  ["no JSON", "{not json", "payload is not JSON"],
  ["NaN as a bare word, which is no JSON", '{"symbol":"ETHUSDT","entry_price":NaN}', "payload is not JSON"],
  ["half a document", '{"symbol":"ETHUSDT"', "payload is not JSON"],
  ["nothing", "", "payload is not JSON"],
  ["null", "null", "payload is not a JSON object"],
  ["a list", "[1,2]", "payload is not a JSON object"],
  ["a text", '"BUY"', "payload is not a JSON object"],
])(
  "a payload that is %s becomes a dead letter with its reason, acknowledged and counted",
  async (_what, payload, reason) => {
    const moved = await counted(() => append("payload", payload, "correlation_id", "c", "trace_id", "t"));
    expect(moved).toEqual({ dead_letters: 1 });
    const last = (await readStream(bench.eye, deadLetterStreamOf(router.keys.decisionStream))).at(-1)?.fields;
    expect(last).toEqual({
      stream: router.keys.decisionStream,
      id: expect.stringMatching(/^\d+-\d+$/),
      reason,
      raw: JSON.stringify({ payload, correlation_id: "c", trace_id: "t" }),
      ts: expect.stringMatching(/^\d{13}$/),
    });
    await expectAcknowledged();
  },
);

/** Made when the file is loaded, and still of the future when its turn comes. */
const HOUR = 3_600_000;
test.each([
  ["without a symbol", "SYMBOL_MISSING", { symbol: null }],
  ["with a symbol that is none", "SYMBOL_MISSING", { symbol: "ETH USDT; DEL" }],
  ["without a side", "SIDE_MISSING", { side: undefined }],
  ["with a side that does not exist", "SIDE_MISSING", { side: "LONG" }],
  ["whose side and action differ", "SIDE_CONFLICT", { action: "SELL" }],
  ["without a timestamp", "TIMESTAMP_MISSING", { timestamp: null }],
  ["with a timestamp that is none", "TIMESTAMP_MISSING", { timestamp: "yesterday" }],
  ["from the future", "TIMESTAMP_IN_FUTURE", { timestamp: Date.now() + HOUR }],
  ["with NaN for a price", "NOT_A_NUMBER", { entry_price: "NaN" }],
  ["with infinity for a stop", "NOT_A_NUMBER", { stop_loss: "Infinity" }],
  ["with a negative price", "NOT_A_NUMBER", { entry_price: -3500 }],
  ["with a negative quantity", "NOT_A_NUMBER", { quantity: -1 }],
  ["with an absurd size", "NOT_A_NUMBER", { position_size_usd: 1e15 }],
  ["with true for a price", "NOT_A_NUMBER", { entry_price: true }],
  ["without confidence", "CONFIDENCE_TOO_LOW", { confidence: null }],
  ["that is not sure enough", "CONFIDENCE_TOO_LOW", { confidence: 0.64 }],
  ["more than sure", "NOT_A_NUMBER", { confidence: 1.01 }],
  ["with leverage 0", "LEVERAGE_OUT_OF_BOUNDS", { leverage: 0 }],
  ["with leverage over MAX_LEVERAGE", "LEVERAGE_OUT_OF_BOUNDS", { leverage: 21 }],
  ["with half a leverage", "LEVERAGE_OUT_OF_BOUNDS", { leverage: 2.5 }],
  ["without a size", "SIZE_MISSING", { position_size_usd: 0 }],
  ["with an object for a price", "FIELD_TYPE", { entry_price: { amount: 3500 } }],
  ["with a flag that is none", "FIELD_TYPE", { reduce_only: "maybe" }],
])(
  "a decision %s is INVALID: counted with its detail, acknowledged, not published",
  async (_what, detail, change) => {
    const before = await published();
    const moved = await counted(() => decide(router, validDecision(change)));
    expect(moved).toEqual({ "denied:INVALID": 1, [`invalid:${detail}`]: 1 });
    expect(await published()).toBe(before);
    await expectAcknowledged();
  },
);

test.each([["HOLD"], ["SKIP"], ["hold"]])("%s is no intent and no error", async (side) => {
  expect(await counted(() => decide(router, { symbol: "ETHUSDT", action: side }))).toEqual({ skipped: 1 });
  await expectAcknowledged();
});

test("a decision older than INTENT_MAX_AGE_SEC is EXPIRED, one almost so old is not", async () => {
  const age = (seconds: number) =>
    validDecision({ timestamp: new Date(Date.now() - seconds * 1000).toISOString() });
  expect(await counted(() => decide(router, age(601)))).toEqual({ "denied:EXPIRED": 1 });
  decided += 1;
  expect(await counted(() => decide(router, age(570)))).toEqual({ admitted: 1 });
});

test("a flat entry without a payload is read like any other", async () => {
  const flat = Object.entries(validDecision()).flatMap(([name, value]) => [name, String(value)]);
  expect(await counted(() => append(...flat, "trace_id", crypto.randomUUID()))).toEqual({ admitted: 1 });
});

test("a decision that is published anew is a duplicate, whatever its ids are spelled like", async () => {
  const decision = validDecision({ strategy: "s" });
  const same = { ...decision, entry_price: "3500.00" };
  const feed = async () => {
    for (const [document, trace] of [
      [decision, "0"],
      [same, "null"],
      [decision, ""],
      [same, "None"],
    ] as const) {
      await decide(router, document, trace);
    }
  };
  expect(await counted(feed, 4)).toEqual({ admitted: 1, "denied:DUPLICATE": 3 });
});

test.each([
  ["absent", (key: string) => ["DEL", key]],
  ["1", (key: string) => ["SET", key, "1"]],
  ["off", (key: string) => ["SET", key, "off"]],
  ["00", (key: string) => ["SET", key, "00"]],
])("a kill switch that is %s is not armed: entries are denied, exits pass", async (_what, set) => {
  await bench.eye.command(...set(router.keys.kill));
  const feed = async () => {
    await decide(router, validDecision());
    await decide(router, validDecision({ side: "CLOSE" }));
  };
  expect(await counted(feed, 2)).toEqual({ "denied:KILL_SWITCH": 1, exits: 1 });
});

test("trading halted by a panic denies entries until an operator clears it, and lets exits pass", async () => {
  const { keys } = router;
  await bench.eye.command("HSET", keys.tradingState, "halted", "true");
  const feed = async () => {
    await decide(router, validDecision());
    await decide(router, validDecision({ side: "SELL", reduce_only: true }));
  };
  expect(await counted(feed, 2)).toEqual({ "denied:TRADING_HALTED": 1, exits: 1 });
  decided += 2;
  await bench.eye.command("HSET", keys.tradingState, "halted", "false");
  expect(await counted(() => decide(router, validDecision()))).toEqual({ admitted: 1 });
});

test("the daily limit is kept in Redis, counts what was admitted, and ends after the UTC day", async () => {
  await untilDayIsYoung();
  const governed = bench.start("ai-strategy-router", { GOVERNOR_MAX_DAILY_TRADES: "1" });
  await bench.eye.command("SET", governed.keys.kill, "0");
  await governed.ready();
  await decide(governed, validDecision());
  await decide(governed, validDecision());
  await decide(governed, validDecision({ side: "CLOSE" }));
  expect(await verdicts(governed, 3)).toMatchObject({
    admitted: 1,
    "denied:DAILY_LIMIT_REACHED": 1,
    exits: 1,
  });
  const day = new Date().toISOString().slice(0, 10).replaceAll("-", "");
  expect(await bench.eye.command("GET", `${governed.keys.dailyTradesPrefix}${day}`)).toBe("1");
  const ends = Number(await bench.eye.command("EXPIRETIME", `${governed.keys.dailyTradesPrefix}${day}`));
  expect(ends).toBe(Date.parse(`${new Date().toISOString().slice(0, 10)}T00:00:00Z`) / 1000 + 86_400 + 3600);
});
