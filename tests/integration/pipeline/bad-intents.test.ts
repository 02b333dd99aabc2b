import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { deadLetterStreamOf } from "../../../lib/contract/keys.ts";
import { atRest } from "../../../scripts/stack/at-rest.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import {
  decide,
  type Pipeline,
  publish,
  resultOf,
  results,
  startPipeline,
  statistic,
  WIDE_OPEN,
} from "../../support/pipeline.ts";
import { validIntent, validOn } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

const LEGACY = "trading:results:of:old";
let pipeline: Pipeline;
beforeAll(async () => {
  const execution = { ...WIDE_OPEN.execution, EXECUTION_RESULT_STREAM_LEGACY: LEGACY };
  pipeline = await startPipeline({ env: { ...WIDE_OPEN, execution } });
});
afterAll(() => pipeline[Symbol.asyncDispose]());
beforeEach(async () => {
  await pipeline.control("faults", { rules: [] });
});

async function outcomeOf(change: Readonly<Record<string, unknown>>) {
  const intent = validIntent(change);
  await publish(pipeline, intent);
  return resultOf(pipeline, String(intent["intent_id"]));
}

const pending = async () =>
  [await pipeline.eye.command("XPENDING", pipeline.keys.intentStream, GROUPS.executionIntents)].flat()[0];

const UNREADABLE = [
  ["that is no JSON", ["data", "{"], "data is not JSON"],
  ["without a document", ["other", "field"], "neither data nor payload"],
  ["without a symbol", ["data", JSON.stringify(validIntent({ symbol: undefined }))], "symbol"],
  ["with an action that does not exist", ["data", JSON.stringify(validIntent({ action: "LONG" }))], "action"],
  ["without any time", ["data", JSON.stringify(validIntent({ ts_ms: undefined }))], "ts_ms"],
] as const;

test.each(UNREADABLE)(
  "an intent %s: a dead letter and one denied result, acknowledged and counted",
  async (_what, fields, reason) => {
    const { eye, keys } = pipeline;
    const counted = await statistic(pipeline, "execution", "dead_letters");
    const before = (await results(pipeline)).length;
    const id = String(await eye.command("XADD", keys.intentStream, "*", ...fields));
    const result = await waitUntil("there is a result", async () => (await results(pipeline))[before]);
    expect(result).toMatchObject({ status: "denied", order_id: "BLOCKED_INVALID" });
    expect(result.reason).toContain(reason);
    const letter = (await readStream(eye, deadLetterStreamOf(keys.intentStream))).at(-1)?.fields;
    expect(letter).toMatchObject({
      stream: keys.intentStream,
      id,
      raw: JSON.stringify(Object.fromEntries([fields])),
    });
    expect(letter?.["reason"]).toContain(reason);
    expect(await statistic(pipeline, "execution", "dead_letters")).toBe(counted + 1);
    expect(await pending()).toBe(0);
    expect((await results(pipeline)).length).toBe(before + 1);
  },
);

test.each([
  ["NaN for a price", "NOT_A_NUMBER", { entry_price: "NaN" }],
  ["infinity for a size", "NOT_A_NUMBER", { quantity: "Infinity" }],
  ["an absurd price", "NOT_A_NUMBER", { entry_price: "1e15" }],
  ["NaN for a leverage", "NOT_A_NUMBER", { leverage: "NaN" }],
  ["a negative price", "NOT_A_NUMBER", { entry_price: "-3500" }],
  ["no price", "NOT_A_NUMBER", { entry_price: null }],
  ["a negative quantity", "NOT_A_NUMBER", { quantity: "-0.01" }],
  ["no size at all", "NOT_A_NUMBER", { quantity: null, position_size_usd: null }],
  ["a negative stop", "NOT_A_NUMBER", { stop_loss: "-1" }],
  ["a trail of 100 %", "NOT_A_NUMBER", { trail_percent: "100" }],
  ["zero distance to its stop", "STOP_WRONG_SIDE", { stop_loss: "3500" }],
  ["zero distance to its target", "TARGET_WRONG_SIDE", { take_profit: "3500" }],
  ["a price of a billion", "PRICE_COLLAR", { entry_price: "1e9", take_profit: "2e9" }],
  ["a quantity of a billion coins", "FILTERS", { quantity: "1e9", position_size_usd: null }],
])("an intent with %s is denied with its reason and sends nothing", async (_what, reason, change) => {
  const orders = (await pipeline.orders()).length;
  const letters = await statistic(pipeline, "execution", "dead_letters");
  const result = await outcomeOf(change);
  expect(result).toMatchObject({ status: "denied", order_id: `BLOCKED_${reason}`, symbol: "ETHUSDT" });
  expect(result.correlation_id).toBe(`corr-${result.intent_id}`);
  expect(result.trace_id).toBe(`trace-${result.intent_id}`);
  expect((await pipeline.orders()).length).toBe(orders);
  expect(await statistic(pipeline, "execution", "dead_letters")).toBe(letters);
});

test("an intent with NaN that comes again under its id ends as duplicate", async () => {
  const intent = validIntent({ entry_price: "NaN" });
  await publish(pipeline, intent);
  await resultOf(pipeline, String(intent["intent_id"]));
  await publish(pipeline, { ...intent, entry_price: 3500 });
  const both = await waitUntil("both have ended", async () => {
    const own = (await results(pipeline)).filter((one) => one.intent_id === intent["intent_id"]);
    return own.length === 2 && own;
  });
  expect(both.map((one) => one.status)).toEqual(["denied", "duplicate"]);
});

test("a second entry with a known intent id ends as duplicate; there is one order", async () => {
  const intent = validIntent();
  const counted = await statistic(pipeline, "execution", "outcome:duplicate");
  await publish(pipeline, intent);
  const first = await resultOf(pipeline, String(intent["intent_id"]));
  await publish(pipeline, intent);
  const both = await waitUntil("both have ended", async () => {
    const own = (await results(pipeline)).filter((one) => one.intent_id === intent["intent_id"]);
    return own.length === 2 && own;
  });
  expect(both.map((one) => one.status)).toEqual(["filled", "duplicate"]);
  const own = (await pipeline.orders()).filter((order) =>
    order.clientOrderId.includes(first.client_order_id),
  );
  expect(own.length).toBe(1);
  expect(await statistic(pipeline, "execution", "outcome:duplicate")).toBe(counted + 1);
});

test("what is redelivered after it was settled is only acknowledged", async () => {
  const { eye, keys, stack } = pipeline;
  await atRest(eye, keys, 60_000);
  const before = await results(pipeline);
  const orders = await pipeline.orders();
  await stack.daemons.execution.process().stop();
  await eye.command("XGROUP", "SETID", keys.intentStream, GROUPS.executionIntents, "0", "ENTRIESREAD", "0");
  await stack.daemons.execution.start();
  await publish(pipeline, validIntent({ intent_id: "after-redelivery" }));
  await resultOf(pipeline, "after-redelivery");
  await atRest(eye, keys, 60_000);
  const settled = (one: { status: string; intent_id: string }) =>
    one.intent_id !== "" && one.status !== "duplicate";
  expect((await results(pipeline)).filter(settled).length).toBe(before.filter(settled).length + 1);
  expect((await pipeline.orders()).length).toBe(orders.length + 1);
});

test("a part that fills is booked as that part, and the plan is for what filled", async () => {
  await pipeline.control("faults", {
    rules: [
      { match: { method: "POST", path: "/fapi/v1/order" }, effect: { kind: "partial_fill", fraction: 0.5 } },
    ],
  });
  const result = await outcomeOf({ symbol: "ETHUSDT", quantity: "0.02", position_size_usd: null });
  expect(result).toMatchObject({ status: "partial", quantity: "0.01" });
  const { eye, keys } = pipeline;
  expect(await eye.command("HGET", `${keys.positionPlanPrefix}ETHUSDT`, "quantity")).toBe("0.01");
  expect(await eye.command("HGET", `${keys.orderLedgerPrefix}${result.intent_id}`, "state")).toBe("PARTIAL");
});

test("every result is on the legacy stream as well, where one is configured", async () => {
  const { eye, keys } = pipeline;
  await resultOf(pipeline, await decide(pipeline, validOn("SOLUSDT")));
  const fieldsOf = async (stream: string) => (await readStream(eye, stream)).map((entry) => entry.fields);
  expect(await fieldsOf(LEGACY)).toEqual(await fieldsOf(keys.resultStream));
  expect((await fieldsOf(LEGACY)).at(-1)).toEqual({
    event_type: "execution.result",
    payload: expect.any(String),
    trace_id: expect.any(String),
    correlation_id: expect.any(String),
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    source: "execution",
  });
});

test("an entry that the venue limits ends rejected, and none is sent before Retry-After", async () => {
  await pipeline.control("faults", {
    rules: [
      {
        match: { method: "POST", path: "/fapi/v1/order" },
        count: 1,
        effect: { kind: "limited", status: 429, retryAfterSec: 2 },
      },
    ],
  });
  const orders = (await pipeline.orders()).length;
  const first = await outcomeOf({});
  expect(first.status).toBe("rejected");
  expect(first.reason).toStartWith("VENUE_LIMITED");
  const second = await outcomeOf({});
  expect(second.reason).toStartWith("VENUE_LIMITED");
  expect((await pipeline.orders()).length).toBe(orders);
  await waitUntil("the venue takes orders again", async () => (await outcomeOf({})).status === "filled", {
    everyMs: 200,
  });
});

test("credentials that the venue refuses stop entries, say so, and are taken again by themselves", async () => {
  const execution = pipeline.stack.daemons.execution;
  await pipeline.control("credentials", { forbidden: true });
  const first = await outcomeOf({});
  expect(first.status).not.toBe("filled");
  expect(await outcomeOf({})).toMatchObject({ status: "denied", order_id: "BLOCKED_CREDENTIALS_REFUSED" });
  expect(await (await fetch(`${execution.url}/readyz`)).text()).toContain("credentials refused");
  await pipeline.control("credentials", { forbidden: false });
  await execution.process().stop();
  await execution.start();
  expect((await outcomeOf({})).status).toBe("filled");
});
