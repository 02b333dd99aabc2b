import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { deadLetterStreamOf } from "../../../lib/contract/keys.ts";
import { clientOrderId } from "../../../lib/exchange/client-order-id.ts";
import { atRest } from "../../../scripts/stack/at-rest.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import { signedQuery } from "../../support/paper-exchange.ts";
import {
  decide,
  type Pipeline,
  publish,
  resultOf,
  results,
  startPipeline,
  WIDE_OPEN,
} from "../../support/pipeline.ts";
import { validDecision, validIntent, validOn } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

const FAILURES_MAX = 2;
let pipeline: Pipeline;
beforeAll(async () => {
  const execution = { ...WIDE_OPEN.execution, DELIVERIES_MAX: String(FAILURES_MAX), STALE_IDLE_MS: "15000" };
  pipeline = await startPipeline({ env: { ...WIDE_OPEN, execution } });
});
afterAll(() => pipeline[Symbol.asyncDispose]());
beforeEach(async () => {
  const { eye, keys } = pipeline;
  await eye.command("DEL", `${keys.gateLastTradePrefix}ETHUSDT`, `${keys.positionPlanPrefix}ETHUSDT`);
});

const execution = () => pipeline.stack.daemons.execution;
const command = (...args: string[]) => pipeline.eye.command(...args);

/** Has everything that is unread delivered to a consumer that never handles it. */
async function deliverTo(consumer: string): Promise<void> {
  const { intentStream } = pipeline.keys;
  await command("XREADGROUP", "GROUP", GROUPS.executionIntents, consumer, "STREAMS", intentStream, ">");
}

test("at its start execution takes up its own pending entries and what came meanwhile, one result each", async () => {
  await execution().process().stop();
  const before = (await results(pipeline)).length;
  const own = [validIntent(), validIntent({ symbol: "SOLUSDT", ...atPrice(100) })];
  for (const intent of own) await publish(pipeline, intent);
  await deliverTo("execution-local");
  const fresh = validIntent({ symbol: "BNBUSDT", ...atPrice(500) });
  await publish(pipeline, fresh);
  await execution().start();
  for (const { intent_id: id } of [...own, fresh])
    expect((await resultOf(pipeline, String(id))).status).toBe("filled");
  expect((await results(pipeline)).length).toBe(before + 3);
});

function atPrice(price: number) {
  return { entry_price: price, stop_loss: price * 0.98, take_profit: price * 1.06 };
}

/** What the dead consumer has looks as if it had had it for a minute: execution takes it over. */
async function makeStale(): Promise<void> {
  const held = await command("XPENDING", pipeline.keys.intentStream, GROUPS.executionIntents, "-", "+", "10");
  for (const entry of Array.isArray(held) ? held : []) {
    const claim = ["XCLAIM", pipeline.keys.intentStream, GROUPS.executionIntents, "execution-dead", "0"];
    await command(...claim, String([entry].flat()[0]), "IDLE", "60000", "JUSTID");
  }
}

test("entries of a dead consumer are taken over and end in one result each", async () => {
  await execution().process().stop();
  const orphans = [validIntent(), validIntent({ symbol: "SOLUSDT", ...atPrice(100) })];
  for (const intent of orphans) await publish(pipeline, intent);
  await deliverTo("execution-dead");
  await execution().start();
  await makeStale();
  for (const intent of orphans) {
    expect((await resultOf(pipeline, String(intent["intent_id"]))).status).toBe("filled");
  }
  await atRest(pipeline.eye, pipeline.keys, 60_000);
});

test("what another consumer has had for less than STALE_IDLE_MS is left to it", async () => {
  await execution().process().stop();
  const intent = validIntent();
  const id = await publish(pipeline, intent);
  await deliverTo("execution-alive");
  await execution().start();
  const after = validIntent({ symbol: "SOLUSDT", ...atPrice(100) });
  await publish(pipeline, after);
  await resultOf(pipeline, String(after["intent_id"]));
  expect((await results(pipeline)).some((result) => result.intent_id === intent["intent_id"])).toBe(false);
  await command("XACK", pipeline.keys.intentStream, GROUPS.executionIntents, id);
});

/** An entry that a killed process had brought so far: SUBMITTING, its request perhaps on its way. */
async function leaveSubmitting(intent: Record<string, unknown>, signedAtMs: number): Promise<string> {
  const intentId = String(intent["intent_id"]);
  const entryId = await publish(pipeline, intent);
  await deliverTo("execution-dead");
  const { keys } = pipeline;
  const fields = {
    ...{
      state: "SUBMITTING",
      intent_id: intentId,
      owner: "local:an-earlier-boot",
      attempt: "1",
      failures: "0",
    },
    entry: `${keys.intentStream} ${entryId}`,
    client_order_id: clientOrderId(intentId, 1),
    signed_at: String(signedAtMs),
    recv_window: "2000",
    kind: "entry",
  };
  await command("HSET", `${keys.orderLedgerPrefix}${intentId}`, ...Object.entries(fields).flat());
  await command("ZADD", keys.openOrders, String(signedAtMs), intentId);
  return intentId;
}

/** Execution is there, knows its prices, and comes upon the entry. */
async function resume(): Promise<void> {
  await execution().start();
  await makeStale();
}

const ordersOf = async (intentId: string) => {
  const ids = [1, 2, 3].map((attempt) => clientOrderId(intentId, attempt));
  return (await pipeline.orders()).filter((order) => ids.includes(order.clientOrderId));
};

test("an order that was on its way when its process died is asked about, not sent again", async () => {
  await execution().process().stop();
  const intentId = await leaveSubmitting(validIntent(), Date.now());
  const order = { symbol: "ETHUSDT", side: "BUY", type: "MARKET", quantity: "0.01" };
  const query = signedQuery({ ...order, newClientOrderId: clientOrderId(intentId, 1) });
  const sent = await fetch(`${pipeline.venueUrl}/fapi/v1/order?${query}`, {
    method: "POST",
    headers: { "X-MBX-APIKEY": "paper" },
  });
  expect(sent.status).toBe(200);
  await resume();
  const result = await resultOf(pipeline, intentId);
  expect(result).toMatchObject({
    status: "filled",
    client_order_id: clientOrderId(intentId, 1),
    quantity: "0.01",
  });
  expect((await ordersOf(intentId)).length).toBe(1);
});

test("an order that never reached the venue is sent as a second attempt, once that is proved", async () => {
  await execution().process().stop();
  const intentId = await leaveSubmitting(validIntent(), Date.now() - 60_000);
  await resume();
  const result = await resultOf(pipeline, intentId);
  expect(result).toMatchObject({ status: "filled", client_order_id: clientOrderId(intentId, 2) });
  expect((await ordersOf(intentId)).map((order) => order.clientOrderId)).toEqual([
    clientOrderId(intentId, 2),
  ]);
});

test("it is not sent again after a panic: kill, halt and safe mode are asked anew", async () => {
  await execution().process().stop();
  const intentId = await leaveSubmitting(validIntent(), Date.now() - 60_000);
  await command("HSET", pipeline.keys.tradingState, "halted", "true");
  await resume();
  expect(await resultOf(pipeline, intentId)).toMatchObject({
    status: "denied",
    order_id: "BLOCKED_TRADING_HALTED",
  });
  expect(await ordersOf(intentId)).toEqual([]);
  await command("DEL", pipeline.keys.tradingState);
});

test("an order in doubt is listed until its fate is known", async () => {
  await pipeline.control("faults", {
    rules: [
      { match: { method: "POST", path: "/fapi/v1/order" }, effect: { kind: "lost_reply" } },
      { match: { method: "GET", path: "/fapi/v1/order" }, effect: { kind: "http", status: 502 } },
    ],
  });
  const trace = await decide(pipeline, validDecision());
  const listed = await waitUntil("the order is in doubt", async () => {
    const reply = await (await fetch(`${execution().url}/v1/orders/in-doubt`)).text();
    return reply.includes('"UNKNOWN"') && reply;
  });
  expect(listed).toContain('"attempt":1');
  await pipeline.control("faults", { rules: [] });
  const result = await resultOf(pipeline, trace);
  expect(result.status).toBe("filled");
  expect((await ordersOf(result.intent_id)).length).toBe(1);
});

test("an entry whose handling fails DELIVERIES_MAX times becomes a dead letter with one result", async () => {
  const { keys } = pipeline;
  await command("HSET", `${keys.gateLastTradePrefix}ETHUSDT`, "not", "a time");
  const intent = validIntent();
  const id = await publish(pipeline, intent);
  const result = await waitUntil("it is given up", async () =>
    (await results(pipeline)).find((one) => one.intent_id === intent["intent_id"]),
  );
  expect(result).toMatchObject({ status: "denied", order_id: "BLOCKED_HANDLER_FAILED" });
  const letter = (await readStream(pipeline.eye, deadLetterStreamOf(keys.intentStream))).at(-1)?.fields;
  expect(letter).toMatchObject({
    stream: keys.intentStream,
    id,
    reason: expect.stringContaining("WRONGTYPE"),
  });
  expect(letter?.["raw"]).toContain(String(intent["intent_id"]));
  expect(await command("HGET", `${keys.orderLedgerPrefix}${String(intent["intent_id"])}`, "failures")).toBe(
    "2",
  );
  await command("DEL", `${keys.gateLastTradePrefix}ETHUSDT`);
  await atRest(pipeline.eye, keys, 60_000);
});

test("an exit whose handling fails is never given up, and is executed once all the same", async () => {
  const { eye, keys } = pipeline;
  await command("DEL", deadLetterStreamOf(keys.exitIntentStream));
  expect((await resultOf(pipeline, await decide(pipeline, validOn("ETHUSDT")))).status).toBe("filled");
  const executedBefore = (await pipeline.orders()).length;
  const kept = `${keys.resultStream}:kept`;
  await command("RENAME", keys.resultStream, kept);
  await command("SET", keys.resultStream, "no stream");
  const exit = validIntent({ action: "CLOSE", reduce_only: true, position_size_usd: null });
  await publish(pipeline, exit, keys.exitIntentStream);
  const failures = async () =>
    Number(await eye.command("HGET", `${keys.orderLedgerPrefix}${String(exit["intent_id"])}`, "failures"));
  await waitUntil(
    "it has failed more often than an entry may",
    async () => (await failures()) > FAILURES_MAX,
  );
  await command("RENAME", kept, keys.resultStream);
  expect((await resultOf(pipeline, String(exit["intent_id"]))).status).toBe("filled");
  expect((await pipeline.orders()).length).toBe(executedBefore + 1);
  expect(await command("EXISTS", deadLetterStreamOf(keys.exitIntentStream))).toBe(0);
}, 120_000);
