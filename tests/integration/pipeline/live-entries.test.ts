import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type LiveExecution, startLiveExecution } from "../../support/live-execution.ts";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { publish, type RedisBench, resultOf, startRedisBench, statistic } from "../../support/pipeline.ts";
import { HELD_PRICES, validIntent } from "../../support/valid-trade.ts";

let bench: RedisBench;
let venue: PaperFixture;
let live: LiveExecution;
beforeAll(async () => {
  bench = await startRedisBench();
  venue = await startPaper();
  for (const [symbol, price] of Object.entries(HELD_PRICES)) await venue.setPrice(symbol, price);
  live = await startLiveExecution({ ...bench, venue }, { QUANTUM_NAMESPACE: "{live}" });
});
afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await bench[Symbol.asyncDispose]();
  await venue[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await bench.eye.command("DEL", live.keys.gateTrades, `${live.keys.gateLastTradePrefix}ETHUSDT`);
});

async function outcomeOf(execution: LiveExecution, change: Readonly<Record<string, unknown>>) {
  const intent = validIntent(change);
  await publish(execution, intent);
  return resultOf(execution, String(intent["intent_id"]));
}

async function wouldHold(reason: string): Promise<number> {
  const line = (await live.metrics())
    .split("\n")
    .find((one) => one.includes(`would_hold_total{reason="${reason}"}`));
  return Number(line?.split(" ").at(-1) ?? 0);
}

test("LIVE in audit says so loudly at start, in the log and in a metric", async () => {
  const said = live.log.lines.filter((line) => line.message.includes("GATES AUDIT ONLY"));
  expect(said.map((line) => line.level)).toEqual(["warn"]);
  expect(await live.metrics()).toContain("quantum_execution_gates_enforced 0");
});

test("LIVE talks to the live hosts and is recorded as such", async () => {
  expect(live.asked.length).toBeGreaterThan(3);
  expect(
    live.asked.filter((url) => !/^(?:https:\/\/fapi|wss:\/\/fstream)\.binance\.com\//.test(url)),
  ).toEqual([]);
  expect(await bench.eye.command("GET", live.keys.mode)).toBe("LIVE");
});

test("in LIVE the valid trade fills, and no gate has anything to say", async () => {
  const before = live.log.lines.length;
  expect((await outcomeOf(live, {})).status).toBe("filled");
  expect(live.log.lines.slice(before).filter((line) => line.message.startsWith("GATE_WOULD_BLOCK"))).toEqual(
    [],
  );
});

test.each([
  ["MIN_NOTIONAL", { position_size_usd: 24.99 }],
  ["EDGE_TOO_SMALL", { expected_move_usd: 0.1 }],
  ["R_TOO_LOW", { take_profit: 3600 }],
  ["MODEL_REGIME_MISMATCH", { model: "XGBoost" }],
])("in LIVE %s would hold: the trade fills, and log and metric name the gate", async (reason, change) => {
  const counted = await wouldHold(reason);
  const kept = await statistic(live, "execution", `would_hold:${reason}`);
  const before = live.log.lines.length;
  expect((await outcomeOf(live, change)).status).toBe("filled");
  expect(await wouldHold(reason)).toBe(counted + 1);
  expect(await statistic(live, "execution", `would_hold:${reason}`)).toBe(kept + 1);
  const said = live.log.lines.slice(before).map((line) => line.message);
  expect(said).toContain(`GATE_WOULD_BLOCK | reason=${reason}`);
});

test("in LIVE a cooldown and a spent trade rate would hold, and are audited too", async () => {
  const now = String(Date.now());
  await bench.eye.command("SET", `${live.keys.gateLastTradePrefix}ETHUSDT`, now);
  await bench.eye.command("ZADD", live.keys.gateTrades, now, "a", now, "b", now, "c");
  const before = live.log.lines.length;
  const kept = await statistic(live, "execution", "would_hold:COOLDOWN");
  const counted = await wouldHold("COOLDOWN");
  expect((await outcomeOf(live, {})).status).toBe("filled");
  const said = live.log.lines.slice(before).map((line) => line.message);
  expect(said.filter((message) => message === "GATE_WOULD_BLOCK | reason=COOLDOWN")).toHaveLength(1);
  expect(said).toContain("GATE_WOULD_BLOCK | reason=RATE_LIMIT");
  expect(await wouldHold("COOLDOWN")).toBe(counted + 1);
  expect(await statistic(live, "execution", "would_hold:COOLDOWN")).toBe(kept + 1);
});

test.each([
  ["a stop above a long's price", "STOP_WRONG_SIDE", { stop_loss: "3570" }],
  ["a stop below a short's price", "STOP_WRONG_SIDE", { action: "SELL", take_profit: "3325" }],
  ["zero distance", "STOP_WRONG_SIDE", { stop_loss: "3500" }],
  ["no stop", "STOP_MISSING", { stop_loss: null }],
  ["a target on the wrong side", "TARGET_WRONG_SIDE", { take_profit: "3400" }],
  ["a price far from the mark", "PRICE_COLLAR", { entry_price: "3710", take_profit: "4410" }],
])("in LIVE %s is denied although gates only audit", async (_what, reason, change) => {
  const sent = live.asked.filter((url) => url.endsWith("/fapi/v1/order")).length;
  expect(await outcomeOf(live, change)).toMatchObject({ status: "denied", order_id: `BLOCKED_${reason}` });
  expect(live.asked.filter((url) => url.endsWith("/fapi/v1/order")).length).toBe(sent);
});

test("in LIVE, too, nothing is sent while the kill switch stands", async () => {
  await bench.eye.command("SET", live.keys.kill, "1");
  expect(await outcomeOf(live, {})).toMatchObject({ status: "denied", order_id: "BLOCKED_KILL_SWITCH" });
  await bench.eye.command("SET", live.keys.kill, "0");
});

test("GATE_MODE=enforce makes LIVE hold", async () => {
  const env = { QUANTUM_NAMESPACE: "{enforced}", GATE_MODE: "enforce" };
  await using enforced = await startLiveExecution({ ...bench, venue }, env);
  expect(await enforced.metrics()).toContain("quantum_execution_gates_enforced 1");
  expect(enforced.log.lines.filter((line) => line.message.includes("AUDIT ONLY"))).toEqual([]);
  expect(await outcomeOf(enforced, { take_profit: 3600 })).toMatchObject({
    status: "gate_blocked",
    order_id: "BLOCKED_R_TOO_LOW",
  });
});
