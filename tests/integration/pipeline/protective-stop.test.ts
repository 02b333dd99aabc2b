import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { z } from "zod";
import { protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import {
  type Pipeline,
  publish,
  resultOf,
  startPipeline,
  statistic,
  WIDE_OPEN,
} from "../../support/pipeline.ts";
import { HELD_PRICES, validIntent } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

let pipeline: Pipeline;
beforeAll(async () => {
  pipeline = await startPipeline({ env: WIDE_OPEN });
});
afterAll(() => pipeline[Symbol.asyncDispose]());
beforeEach(async () => {
  await pipeline.control("faults", { rules: [] });
  await pipeline.control("reset");
  for (const [symbol, price] of Object.entries(HELD_PRICES)) {
    await pipeline.control("market", { symbol, price });
  }
});

const stateSchema = z.looseObject({
  algoOrders: z.array(
    z.looseObject({ clientAlgoId: z.string(), algoStatus: z.string(), triggerPrice: z.string() }),
  ),
});

/** Ids of the stops that rest at the venue. */
async function resting(): Promise<readonly string[]> {
  const state: unknown = await (await fetch(`${pipeline.venueUrl}/paper/state`)).json();
  const waiting = stateSchema.parse(state).algoOrders.filter((order) => order.algoStatus === "NEW");
  return waiting.map((order) => order.clientAlgoId);
}

async function entry(): Promise<string> {
  const intent = validIntent({ symbol: "ETHUSDT" });
  await publish(pipeline, intent);
  return String(intent["intent_id"]);
}

const requestsSchema = z.looseObject({
  endpoints: z.record(z.string(), z.record(z.string(), z.number())),
  orders: z.array(z.looseObject({ endpoint: z.string() })),
});

/** Requests for a stop that reached the venue, and those of them that it has answered. */
async function requested(): Promise<{ readonly received: number; readonly answered: number }> {
  const reply: unknown = await (await fetch(`${pipeline.venueUrl}/paper/requests`)).json();
  const { endpoints, orders } = requestsSchema.parse(reply);
  const answers = Object.values(endpoints["POST /fapi/v1/algoOrder"] ?? {});
  return {
    received: orders.filter(({ endpoint }) => endpoint === "POST /fapi/v1/algoOrder").length,
    answered: answers.reduce((sum, count) => sum + count, 0),
  };
}

const meets = (effect: object) =>
  pipeline.control("faults", {
    rules: [{ match: { method: "POST", path: "/fapi/v1/algoOrder" }, effect }],
  });

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${pipeline.stack.daemons.execution.url}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
  return Number(line?.split(" ").at(-1) ?? 0);
}

test("a trade leaves a stop at the venue", async () => {
  const id = await entry();
  expect((await resultOf(pipeline, id)).status).toBe("filled");
  expect(await resting()).toEqual([protectiveStopId(id)]);
});

test.each([
  ["before the venue has it", { kind: "latency", ms: 1500, when: "before" }],
  ["after the venue has it", { kind: "latency", ms: 1500, when: "after" }],
])(
  "execution that is killed -9 while it places the stop, %s, leaves one stop and one result",
  async (_when, effect) => {
    const { execution } = pipeline.stack.daemons;
    await meets(effect);
    const id = await entry();
    await waitUntil("the stop is on its way", async () => (await requested()).received === 1);
    execution.process().signal("SIGKILL");
    await execution.process().exited;
    await pipeline.control("faults", { rules: [] });
    await execution.start();
    expect((await resultOf(pipeline, id)).status).toBe("filled");
    await waitUntil("the late request was answered, too", async () => {
      const { received, answered } = await requested();
      return answered === received;
    });
    expect(await resting()).toEqual([protectiveStopId(id)]);
    expect((await pipeline.orders()).length).toBe(1);
  },
  120_000,
);

test("a venue that takes no stops delays neither the result nor an exit; the stop is missed, and mended", async () => {
  await meets({ kind: "http", status: 500 });
  const before = await statistic(pipeline, "execution", "stop:missing");
  const id = await entry();
  const exit = validIntent({ symbol: "SOLUSDT", action: "CLOSE", reduce_only: true, quantity: null });
  await publish(pipeline, exit, pipeline.keys.exitIntentStream);
  expect((await resultOf(pipeline, String(exit["intent_id"]))).reason).toStartWith("NOTHING_TO_REDUCE");
  expect((await resultOf(pipeline, id)).status).toBe("filled");
  expect(await statistic(pipeline, "execution", "stop:missing")).toBe(before + 1);
  await waitUntil(
    "it is told",
    async () => (await metric("quantum_execution_protective_stops_missing")) === 1,
  );
  expect(await resting()).toEqual([]);
  await pipeline.control("faults", { rules: [] });
  await waitUntil("the stop rests", async () => (await resting()).includes(protectiveStopId(id)));
  await waitUntil(
    "it is told",
    async () => (await metric("quantum_execution_protective_stops_missing")) === 0,
  );
}, 120_000);

test("PROTECTIVE_STOP=none places none", async () => {
  const execution = { ...WIDE_OPEN.execution, PROTECTIVE_STOP: "none" };
  await using bare = await startPipeline({ env: { ...WIDE_OPEN, execution } });
  const intent = validIntent({ symbol: "ETHUSDT" });
  await publish(bare, intent);
  expect((await resultOf(bare, String(intent["intent_id"]))).status).toBe("filled");
  const state: unknown = await (await fetch(`${bare.venueUrl}/paper/state`)).json();
  expect(stateSchema.parse(state).algoOrders).toEqual([]);
}, 120_000);
