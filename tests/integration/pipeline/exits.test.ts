import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { clientOrderId } from "../../../lib/exchange/client-order-id.ts";
import { type CallParams, signedQuery } from "../../support/paper-exchange.ts";
import {
  decide,
  type Pipeline,
  publish,
  resultOf,
  startPipeline,
  statistic,
  WIDE_OPEN,
} from "../../support/pipeline.ts";
import { validIntent, validOn } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ env: WIDE_OPEN });
});
afterAll(() => pipeline[Symbol.asyncDispose]());

const haltFile = () => join(pipeline.stack.folder, "halted");

/** No position, no fault, no stop of any kind. */
beforeEach(async () => {
  const { eye, keys } = pipeline;
  await pipeline.control("faults", { rules: [] });
  await eye.command("SET", keys.kill, "0");
  await eye.command("DEL", keys.safeMode, keys.tradingState);
  await rm(haltFile(), { force: true });
  for (const symbol of Object.keys(await positions())) await close({ symbol });
});

const stateSchema = z.looseObject({
  positions: z.array(z.looseObject({ symbol: z.string(), positionAmt: z.string() })),
});

/** A signed request to the venue that must succeed. */
async function venue(method: "POST" | "DELETE", path: string, params: CallParams): Promise<unknown> {
  const headers = { "X-MBX-APIKEY": "paper" };
  const reply = await fetch(`${pipeline.venueUrl}${path}?${signedQuery(params)}`, { method, headers });
  const body: unknown = await reply.json();
  expect({ path, status: reply.status, body }).toMatchObject({ path, status: 200 });
  return body;
}

const requestsSchema = z.looseObject({ endpoints: z.record(z.string(), z.record(z.string(), z.number())) });

/** Orders that the venue has answered with 429 since it was started. */
async function ordersLimited(): Promise<number> {
  const report: unknown = await (await fetch(`${pipeline.venueUrl}/paper/requests`)).json();
  return requestsSchema.parse(report).endpoints["POST /fapi/v1/order"]?.["429"] ?? 0;
}

/** Open positions at the venue, by symbol. */
async function positions(): Promise<Record<string, number>> {
  const state = stateSchema.parse(await (await fetch(`${pipeline.venueUrl}/paper/state`)).json());
  const open = state.positions.filter((position) => Number(position.positionAmt) !== 0);
  return Object.fromEntries(open.map((position) => [position.symbol, Number(position.positionAmt)]));
}

async function open(symbol: "ETHUSDT" | "SOLUSDT" = "ETHUSDT"): Promise<void> {
  expect(await resultOf(pipeline, await decide(pipeline, validOn(symbol)))).toMatchObject({
    status: "filled",
  });
}

/** An exit intent into the stream of exits, as the exit brain writes it. */
async function close(change: Readonly<Record<string, unknown>> = {}) {
  const plain = {
    entry_price: null,
    position_size_usd: null,
    stop_loss: null,
    take_profit: null,
    confidence: null,
  };
  const intent = validIntent({ ...plain, action: "CLOSE", reduce_only: true, ...change });
  await publish(pipeline, intent, pipeline.keys.exitIntentStream);
  return resultOf(pipeline, String(intent["intent_id"]));
}

async function entry() {
  const intent = validIntent({ symbol: "ETHUSDT" });
  await publish(pipeline, intent);
  return resultOf(pipeline, String(intent["intent_id"]));
}

test("CLOSE closes the whole position, by way of the router", async () => {
  await open();
  const trace = await decide(pipeline, { symbol: "ETHUSDT", side: "CLOSE", timestamp: Date.now() });
  expect(await resultOf(pipeline, trace)).toMatchObject({
    status: "filled",
    action: "CLOSE",
    quantity: "0.01",
  });
  expect(await positions()).toEqual({});
});

const STOPS = [
  ["the kill switch", "KILL_SWITCH", () => pipeline.eye.command("SET", pipeline.keys.kill, "1")],
  ["an absent kill switch", "KILL_SWITCH", () => pipeline.eye.command("DEL", pipeline.keys.kill)],
  [
    "a halt in Redis",
    "TRADING_HALTED",
    () => pipeline.eye.command("HSET", pipeline.keys.tradingState, "halted", "true"),
  ],
  [
    "a halt that is unreadable",
    "TRADING_HALTED",
    () => pipeline.eye.command("SET", pipeline.keys.tradingState, "x"),
  ],
  ["the halt file", "TRADING_HALTED", () => writeFile(haltFile(), "")],
  ["safe mode", "SAFE_MODE_ENABLED", () => pipeline.eye.command("SET", pipeline.keys.safeMode, "1")],
] as const;

test.each(STOPS)(
  "%s denies an entry that is on the stream already, and lets an exit pass",
  async (_what, reason, stop) => {
    await open();
    const counted = await statistic(pipeline, "execution", `denied:${reason}`);
    await stop();
    expect(await entry()).toMatchObject({ status: "denied", order_id: `BLOCKED_${reason}` });
    expect(await statistic(pipeline, "execution", `denied:${reason}`)).toBe(counted + 1);
    expect(await close()).toMatchObject({ status: "filled", quantity: "0.01" });
    expect(await positions()).toEqual({});
  },
);

test("everything at once does not stop an exit, nor does its age", async () => {
  await open();
  for (const [, , stop] of STOPS) await stop();
  // Older than its ledger would live it may have been executed before: tests/integration/execution/exit-proofs.test.ts.
  expect(await close({ ts_ms: Date.now() - 86_000_000 })).toMatchObject({ status: "filled" });
});

test.each([
  ["SELL of more than there is", { action: "SELL", quantity: "5" }, "0.01", {}],
  ["SELL of a part", { action: "SELL", quantity: "0.004" }, "0.004", { ETHUSDT: 0.006 }],
  ["CLOSE with a quantity beyond it", { quantity: "1" }, "0.01", {}],
])("an exit never opens: %s", async (_what, change, quantity, left) => {
  await open();
  expect(await close(change)).toMatchObject({ status: "filled", quantity });
  expect(await positions()).toEqual(left);
});

test.each([
  ["nothing is open", "NOTHING_TO_REDUCE", {}],
  ["the side is the wrong one", "NOTHING_TO_REDUCE", { action: "BUY", quantity: "0.01" }],
])("an exit ends rejected when %s", async (_what, reason, change) => {
  if ("action" in change) await open();
  const result = await close(change);
  expect(result.status).toBe("rejected");
  expect(result.reason).toStartWith(reason);
});

test("an exit that was meant for an earlier position leaves this one alone", async () => {
  await open();
  const changed = await close({ opened_at_ms: 1 });
  expect(changed.reason).toStartWith("POSITION_CHANGED");
  expect(await positions()).toEqual({ ETHUSDT: 0.01 });
  const { eye, keys } = pipeline;
  const openedAt = Number(await eye.command("HGET", `${keys.positionPlanPrefix}ETHUSDT`, "opened_at"));
  expect((await close({ opened_at_ms: openedAt })).status).toBe("filled");
});

test("an exit whose ledger is broken keeps no other exit waiting, and is executed once it is mended", async () => {
  await open();
  const { eye, keys } = pipeline;
  const broken = validIntent({ action: "CLOSE", reduce_only: true, position_size_usd: null });
  const ledger = `${keys.orderLedgerPrefix}${String(broken["intent_id"])}`;
  await eye.command("SET", ledger, "no hash");
  const id = await publish(pipeline, broken, keys.exitIntentStream);
  const pending = ["XPENDING", keys.exitIntentStream, GROUPS.executionExits, id, id, "1"] as const;
  await waitUntil("it is in work", async () => z.array(z.unknown()).parse(await eye.command(...pending))[0]);
  expect(await close()).toMatchObject({ status: "filled", quantity: "0.01" });
  await eye.command("DEL", ledger);
  expect((await resultOf(pipeline, String(broken["intent_id"]))).reason).toStartWith("NOTHING_TO_REDUCE");
});

test("positions that cannot be read do not hold up an exit that says its side and size", async () => {
  await open();
  await pipeline.control("faults", {
    rules: [{ match: { path: "/fapi/v3/positionRisk" }, effect: { kind: "http", status: 502 } }],
  });
  expect(await close({ action: "SELL", quantity: "0.01" })).toMatchObject({ status: "filled" });
  await pipeline.control("faults", { rules: [] });
  expect(await positions()).toEqual({});
});

test("an exit of a symbol with both sides open in hedge mode must say which", async () => {
  const setHedge = async (on: boolean) => {
    // Nobody takes the stops away here; the venue does not change the mode while they rest.
    for (const symbol of ["ETHUSDT", "SOLUSDT"]) await venue("DELETE", "/fapi/v1/algoOpenOrders", { symbol });
    await venue("POST", "/fapi/v1/positionSide/dual", { dualSidePosition: on });
    await pipeline.stack.daemons.execution.process().stop();
    await pipeline.stack.daemons.execution.start();
  };
  await setHedge(true);
  await open();
  const short = validOn("ETHUSDT", { side: "SELL", stop_loss: 3570, take_profit: 3325 });
  expect((await resultOf(pipeline, await decide(pipeline, short))).status).toBe("filled");
  expect((await close()).reason).toStartWith("POSITION_AMBIGUOUS");
  expect((await close({ position_side: "LONG" })).status).toBe("filled");
  expect((await close({ position_side: "SHORT" })).status).toBe("filled");
  expect(await positions()).toEqual({});
  await setHedge(false);
});

test("an exit is served although a hundred entries wait for the venue", async () => {
  await open("SOLUSDT");
  const slow = {
    match: { symbol: "ETHUSDT", method: "POST", path: "/fapi/v1/order" },
    // Nearly as long as execution waits for an answer.
    effect: { kind: "latency", ms: 2800 },
  };
  await pipeline.control("faults", { rules: [slow] });
  const entries = Array.from({ length: 100 }, () => validIntent());
  for (const intent of entries) await publish(pipeline, intent);
  const exit = validIntent({ symbol: "SOLUSDT", action: "CLOSE", reduce_only: true });
  await publish(pipeline, exit, pipeline.keys.exitIntentStream);
  expect((await resultOf(pipeline, String(exit["intent_id"]))).status).toBe("filled");
  const { eye, keys } = pipeline;
  const [waiting] = z
    .tuple([z.number()])
    .rest(z.unknown())
    .parse(await eye.command("XPENDING", keys.intentStream, GROUPS.executionIntents));
  expect(waiting).toBeGreaterThan(0);
  const sent = String(entries[0]?.["intent_id"]);
  expect((await pipeline.orders()).some((order) => order.clientOrderId === clientOrderId(sent, 1))).toBe(
    false,
  );
  for (const intent of entries) await resultOf(pipeline, String(intent["intent_id"]));
});

test("an exit waits for the venue's limit and goes on; an entry gives way", async () => {
  await open();
  await pipeline.control("faults", {
    rules: [
      {
        match: { method: "POST", path: "/fapi/v1/order" },
        count: 1,
        effect: { kind: "limited", status: 429, retryAfterSec: 6 },
      },
    ],
  });
  const closing = close();
  await waitUntil("the venue has said to wait", async () => (await ordersLimited()) === 1);
  expect((await entry()).reason).toStartWith("VENUE_LIMITED");
  expect((await closing).status).toBe("filled");
  expect(await positions()).toEqual({});
});
