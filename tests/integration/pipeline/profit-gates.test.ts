import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { readCounters } from "../../../scripts/stack/read-pipeline.ts";
import {
  decide,
  type Pipeline,
  publish,
  resultOf,
  startPipeline,
  statistic,
  WIDE_OPEN,
} from "../../support/pipeline.ts";
import { HELD_PRICES, validIntent, validOn } from "../../support/valid-trade.ts";

/** The gates are at their defaults: 25 USD, edge 3.0, 300 s, 3 in 10 min, R 2.5 and 1.8. */
let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ env: { "ai-strategy-router": WIDE_OPEN["ai-strategy-router"] } });
});
afterAll(() => pipeline[Symbol.asyncDispose]());
beforeEach(async () => {
  const { eye, keys } = pipeline;
  const stamps = Object.keys(HELD_PRICES).map((symbol) => `${keys.gateLastTradePrefix}${symbol}`);
  await eye.command("DEL", keys.gateTrades, keys.gateInFlight, ...stamps);
});

async function outcomeOf(decision: object) {
  return resultOf(pipeline, await decide(pipeline, decision));
}

test("the valid trade passes: ETHUSDT, 35 USD notional, R = 2.5, NHiTS in TREND", async () => {
  const { eye, keys } = pipeline;
  const result = await outcomeOf(validOn("ETHUSDT"));
  expect(result).toMatchObject({
    status: "filled",
    symbol: "ETHUSDT",
    action: "BUY",
    quantity: "0.01",
    leverage: 5,
  });
  const order = (await pipeline.orders()).find((one) => one.clientOrderId === result.client_order_id);
  expect(order).toMatchObject({ symbol: "ETHUSDT", status: "FILLED", executedQty: "0.010" });
  // Price and fee are the venue's: the ask is one tick above, the taker pays 0.04 %.
  expect(Number(result.entry_price)).toBeWithin(3500, 3501);
  expect(Number(result.fee_usd)).toBeCloseTo(Number(result.entry_price) * 0.01 * 0.0004, 6);
  expect(Number(result.position_size_usd)).toBeCloseTo(Number(result.entry_price) * 0.01, 6);
  expect(
    await eye.command("HMGET", `${keys.positionPlanPrefix}ETHUSDT`, "intent_id", "side", "stop_loss"),
  ).toEqual([result.intent_id, "LONG", "3430"]);
  const stamped = Number(await eye.command("GET", `${keys.gateLastTradePrefix}ETHUSDT`));
  expect(Math.abs(stamped - Date.now())).toBeLessThan(60_000);
  expect(await eye.command("ZRANGE", keys.gateTrades, "0", "-1")).toEqual([result.intent_id]);
  expect(await eye.command("HGET", keys.gateInFlight, "ETHUSDT")).toBeNull();
});

/** What must have traded before, and what differs from the valid trade. */
const HELD = [
  ["MIN_NOTIONAL", [], { position_size_usd: 24.99 }],
  ["EDGE_TOO_SMALL", [], { expected_move_usd: 0.2309 }],
  ["COOLDOWN", ["ETHUSDT"], {}],
  ["RATE_LIMIT", ["BTCUSDT", "SOLUSDT", "BNBUSDT"], {}],
  ["R_TOO_LOW", [], { take_profit: 3674 }],
  ["MODEL_REGIME_MISMATCH", [], { model: "XGBoost" }],
] as const;

test.each(HELD)(
  "%s is held by its own gate, and nothing reaches the venue",
  async (reason, before, change) => {
    for (const symbol of before) expect((await outcomeOf(validOn(symbol))).status).toBe("filled");
    const orders = (await pipeline.orders()).length;
    const counted = await statistic(pipeline, "execution", `held:${reason}`);
    const result = await outcomeOf(validOn("ETHUSDT", change));
    expect(result).toMatchObject({
      status: "gate_blocked",
      order_id: `BLOCKED_${reason}`,
      client_order_id: "",
    });
    expect(result.reason).toStartWith(reason);
    expect(await statistic(pipeline, "execution", `held:${reason}`)).toBe(counted + 1);
    expect((await pipeline.orders()).length).toBe(orders);
  },
);

test.each([
  ["25 USD notional", [], { position_size_usd: 25 }],
  ["an expected move of exactly three times friction", [], { expected_move_usd: 0.231 }],
  ["another symbol's trade a moment ago", ["SOLUSDT"], {}],
  ["two trades in the last ten minutes", ["BTCUSDT", "SOLUSDT"], {}],
  ["R = 1.8 in RANGE with LightGBM", [], { take_profit: 3626, regime: "RANGE", model: "LightGBM" }],
  ["PatchTST in TREND", [], { model: "PatchTST" }],
] as const)("just inside its gate passes: %s", async (_what, before, change) => {
  for (const symbol of before) expect((await outcomeOf(validOn(symbol))).status).toBe("filled");
  expect((await outcomeOf(validOn("ETHUSDT", change))).status).toBe("filled");
});

test("a second entry while one of the symbol is in flight is held by COOLDOWN", async () => {
  await pipeline.control("faults", {
    rules: [{ match: { method: "POST", path: "/fapi/v1/order" }, effect: { kind: "latency", ms: 500 } }],
  });
  const [one, other] = await Promise.all([outcomeOf(validOn("ETHUSDT")), outcomeOf(validOn("ETHUSDT"))]);
  await pipeline.control("faults", { rules: [] });
  expect([one.status, other.status].sort()).toEqual(["filled", "gate_blocked"]);
  expect([one.order_id, other.order_id]).toContain("BLOCKED_COOLDOWN");
});

test("ten entries at once take no more slots than the trade rate has", async () => {
  const symbols = ["ETHUSDT", "SOLUSDT", "BNBUSDT", "XRPUSDT", "BTCUSDT"] as const;
  const all = await Promise.all(symbols.map((symbol) => outcomeOf(validOn(symbol))));
  expect(all.filter((one) => one.status === "filled").length).toBe(3);
  expect(all.filter((one) => one.order_id === "BLOCKED_RATE_LIMIT").length).toBe(2);
  expect(await pipeline.eye.command("ZCARD", pipeline.keys.gateTrades)).toBe(3);
});

test("an entry that the venue rejects gives its slot back", async () => {
  await pipeline.control("faults", {
    rules: [
      { match: { method: "POST", path: "/fapi/v1/order" }, count: 1, effect: { kind: "error", code: -2019 } },
    ],
  });
  const rejected = await outcomeOf(validOn("ETHUSDT"));
  expect(rejected).toMatchObject({ status: "rejected", entry_price: "0" });
  expect(rejected.reason).toContain("-2019");
  expect(await pipeline.eye.command("EXISTS", pipeline.keys.gateTrades, pipeline.keys.gateInFlight)).toBe(0);
  expect((await outcomeOf(validOn("ETHUSDT"))).status).toBe("filled");
});

test.each([
  ["a stop above a long's price", "STOP_WRONG_SIDE", { stop_loss: 3570 }],
  ["a stop below a short's price", "STOP_WRONG_SIDE", { side: "SELL", take_profit: 3325 }],
  ["a stop at the price: zero distance", "STOP_WRONG_SIDE", { stop_loss: 3500 }],
  ["a target below a long's price", "TARGET_WRONG_SIDE", { take_profit: 3400 }],
  ["no stop", "STOP_MISSING", { stop_loss: null }],
  ["no target", "TARGET_MISSING", { take_profit: 0 }],
  ["quantity and notional 2 % apart", "SIZE_MISMATCH", { quantity: 0.0102 }],
  ["a price 6 % from the mark", "PRICE_COLLAR", { entry_price: 3710, take_profit: 4410 }],
  ["a symbol that the venue does not have", "REFERENCE_STALE", { symbol: "NOSUCHUSDT" }],
  ["less than the venue's least lot", "FILTERS", { symbol: "BTCUSDT", ...sized(40_000) }],
])("%s is denied", async (_what, reason, change) => {
  const result = await outcomeOf(validOn("ETHUSDT", change));
  expect(result).toMatchObject({ status: "denied", order_id: `BLOCKED_${reason}` });
  expect(result.reason).toStartWith(reason);
});

/** A trade of 35 USD around a price: on BTCUSDT that is under the least lot. */
function sized(entry: number) {
  return { entry_price: entry, stop_loss: entry * 0.98, take_profit: entry * 1.05, position_size_usd: 35 };
}

test("a denied entry counts as no trade", async () => {
  await outcomeOf(validOn("ETHUSDT", { stop_loss: 3570 }));
  expect(await pipeline.eye.command("EXISTS", pipeline.keys.gateTrades, pipeline.keys.gateInFlight)).toBe(0);
});

test("leverage over MAX_LEVERAGE is denied by execution too, and by the venue's own word", async () => {
  const over = validIntent({ leverage: 21 });
  await publish(pipeline, over);
  const denied = await resultOf(pipeline, String(over["intent_id"]));
  expect(denied).toMatchObject({ status: "denied", order_id: "BLOCKED_LEVERAGE_FAILED" });
  await pipeline.control("faults", {
    rules: [{ match: { path: "/fapi/v1/leverage" }, effect: { kind: "error", code: -4028 } }],
  });
  const refused = await outcomeOf(validOn("XRPUSDT", { leverage: 7 }));
  await pipeline.control("faults", { rules: [] });
  expect(refused).toMatchObject({ status: "denied", order_id: "BLOCKED_LEVERAGE_FAILED" });
});

test("what was refused and what was filled is counted in the statistics that survive a restart", async () => {
  const { eye, keys, stack } = pipeline;
  const before = await readCounters(eye, `${keys.statsPrefix}execution`);
  await stack.daemons.execution.process().stop();
  await stack.daemons.execution.start();
  expect((await outcomeOf(validOn("ETHUSDT"))).status).toBe("filled");
  const after = await readCounters(eye, `${keys.statsPrefix}execution`);
  expect(after.get("outcome:filled")).toBe((before.get("outcome:filled") ?? 0) + 1);
  expect(after.get("held:MIN_NOTIONAL")).toBe(before.get("held:MIN_NOTIONAL") ?? -1);
});
