import { afterEach, beforeEach, expect, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { clientOrderId, protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import {
  type Pipeline,
  publish,
  resultOf,
  results,
  startPipeline,
  WIDE_OPEN,
} from "../../support/pipeline.ts";
import { validIntent } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

const QUEUED = 100;
let pipeline: Pipeline;
beforeEach(async () => {
  // One in work at a time: what is published behind it is queued, and nowhere near the venue.
  const execution = { ...WIDE_OPEN.execution, ENTRIES_IN_FLIGHT_MAX: "1", RECV_WINDOW_MS: "4500" };
  pipeline = await startPipeline({ env: { ...WIDE_OPEN, execution }, appendfsync: "always" });
});
afterEach(() => pipeline[Symbol.asyncDispose]());

const halt = {
  "in Redis": () => pipeline.eye.command("HSET", pipeline.keys.tradingState, "halted", "true"),
  "by the file": () => writeFile(join(pipeline.stack.folder, "halted"), "{}"),
};

const requestsSchema = z.looseObject({ orders: z.array(z.looseObject({ clientOrderId: z.string() })) });
const stateSchema = z.looseObject({
  algoOrders: z.array(z.looseObject({ clientAlgoId: z.string(), algoStatus: z.string() })),
});
const read = async (what: string) => (await fetch(`${pipeline.venueUrl}/paper/${what}`)).json();

/** Client ids of every order request that the venue saw, stops included. */
async function requested(): Promise<readonly string[]> {
  return requestsSchema.parse(await read("requests")).orders.map((order) => order.clientOrderId);
}

/** An entry that the venue accepts 4 s late, without a word, and a hundred that wait behind it. */
async function enterAndQueue() {
  const late = {
    match: { method: "POST", path: "/fapi/v1/order" },
    count: 1,
    effect: { kind: "delayed_execution", ms: 4000, reply: "drop" },
  };
  await pipeline.control("faults", { rules: [late] });
  const inFlight = validIntent({ symbol: "ETHUSDT" });
  await publish(pipeline, inFlight);
  const inFlightId = String(inFlight["intent_id"]);
  await waitUntil("the entry is on its way", async () =>
    (await requested()).includes(clientOrderId(inFlightId, 1)),
  );
  const queued = Array.from({ length: QUEUED }, () => validIntent());
  await Promise.all(queued.map((intent) => publish(pipeline, intent)));
  return { inFlightId, queuedIds: queued.map((intent) => String(intent["intent_id"])) };
}

/** One truthful result each; of the hundred no order was even sent. */
async function assertOnlyTheFirst(inFlightId: string, queuedIds: readonly string[]): Promise<void> {
  const ended = await waitUntil("all have ended", async () => {
    const list = await results(pipeline);
    return list.length === QUEUED + 1 && list;
  });
  const own = ended.filter((result) => queuedIds.includes(result.intent_id));
  expect(new Set(own.map((result) => result.intent_id)).size).toBe(QUEUED);
  expect(new Set(own.map((result) => result.order_id))).toEqual(new Set(["BLOCKED_TRADING_HALTED"]));
  expect(await resultOf(pipeline, inFlightId)).toMatchObject({ status: "filled", quantity: "0.01" });
  expect(new Set(await requested())).toEqual(
    new Set([clientOrderId(inFlightId, 1), protectiveStopId(inFlightId)]),
  );
  expect((await pipeline.orders()).map((order) => order.clientOrderId)).toEqual([
    clientOrderId(inFlightId, 1),
  ]);
  const { algoOrders } = stateSchema.parse(await read("state"));
  expect(algoOrders).toMatchObject([{ clientAlgoId: protectiveStopId(inFlightId), algoStatus: "NEW" }]);
}

test.each(["in Redis", "by the file"] as const)(
  "a halt %s while an entry is in flight: it ends truthfully, and none of a hundred queued ones becomes an order",
  async (where) => {
    const { inFlightId, queuedIds } = await enterAndQueue();
    await halt[where]();
    await assertOnlyTheFirst(inFlightId, queuedIds);
    const exit = validIntent({ symbol: "ETHUSDT", action: "CLOSE", reduce_only: true, quantity: null });
    await publish(pipeline, exit, pipeline.keys.exitIntentStream);
    expect(await resultOf(pipeline, String(exit["intent_id"]))).toMatchObject({
      status: "filled",
      quantity: "0.01",
    });
    await rm(join(pipeline.stack.folder, "halted"), { force: true });
  },
  120_000,
);

test("the same when execution is killed -9 at that moment and started again", async () => {
  const { inFlightId, queuedIds } = await enterAndQueue();
  await halt["in Redis"]();
  const { execution } = pipeline.stack.daemons;
  execution.process().signal("SIGKILL");
  await execution.process().exited;
  await execution.start();
  await assertOnlyTheFirst(inFlightId, queuedIds);
}, 120_000);
