import { expect, test } from "bun:test";
import { protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type Brain, type ExitDesk, openExitDesk } from "./exit-desk.ts";

const ENTRY_ID = "0123456789abcdef0123456789abcdef";
/** Far tighter than the default plan's 2 % below the mark. */
const ENTRY_STOP = { triggerPrice: "2970.00", clientAlgoId: protectiveStopId(ENTRY_ID) };

/** A position and the stop that execution placed with its entry, but no plan. */
async function enter(desk: ExitDesk): Promise<void> {
  await desk.order({ symbol: "ETHUSDT", side: "BUY", quantity: "0.2" });
  await desk.paper.call("POST", "/fapi/v1/algoOrder", {
    ...{
      algoType: "CONDITIONAL",
      symbol: "ETHUSDT",
      side: "SELL",
      positionSide: "BOTH",
      type: "STOP_MARKET",
    },
    ...{ triggerPrice: "2970", workingType: "MARK_PRICE", closePosition: true },
    clientAlgoId: ENTRY_STOP.clientAlgoId,
  });
  await desk.paper.setPrice("ETHUSDT", "2975");
}

async function cyclesPass(brain: Brain, count: number): Promise<void> {
  const { length } = await brain.cycles();
  await waitUntil(`${count} cycles`, async () => (await brain.cycles()).length >= length + count);
}

const planStop = async (brain: Brain) => (await brain.positions())[0]?.plan?.stop_loss;

test.concurrent("an entry's stop stays where it is when Redis is gone before its plan was read", async () => {
  await using desk = await openExitDesk();
  await using brain = await desk.start();
  await waitUntil("it cycles", async () => (await brain.cycles()).length > 1);
  desk.server.hang();
  await enter(desk);
  await waitUntil("it is adopted", async () => (await planStop(brain)) === "2970");
  await cyclesPass(brain, 3);
  expect(await desk.stops()).toMatchObject([ENTRY_STOP]);
  desk.server.resume();
  await waitUntil("its plan is stored", async () => (await desk.plan("ETHUSDT"))["stop_loss"] === "2970");
  await cyclesPass(brain, 2);
  expect(await desk.stops()).toMatchObject([ENTRY_STOP]);
});

test.concurrent("the default plan after a loss of Redis keeps the stop that stands, and says so", async () => {
  await using desk = await openExitDesk();
  await enter(desk);
  await using brain = await desk.start();
  await waitUntil("its plan is stored", async () => "stop_loss" in (await desk.plan("ETHUSDT")));
  expect((await desk.plan("ETHUSDT"))["stop_loss"]).toBe("2970");
  await cyclesPass(brain, 2);
  expect(await desk.stops()).toMatchObject([ENTRY_STOP]);
  expect(brain.log.lines).toContainEqual(
    expect.objectContaining({
      level: "warn",
      fields: { position: "ETHUSDT", stopLoss: "2970", defaultStop: "2915.5" },
    }),
  );
});

test.concurrent("an entry whose trades the venue does not list yet keeps its stop, and gets its own plan", async () => {
  await using desk = await openExitDesk();
  await using brain = await desk.start();
  await waitUntil("it cycles", async () => (await brain.cycles()).length > 1);
  await desk.redis("HSET", desk.keys.gateInFlight, "ETHUSDT", ENTRY_ID);
  await enter(desk);
  await waitUntil("it is seen", async () => (await brain.positions())[0]?.decision === "wait");
  // Longer than a position without any stop waits for its entry.
  await cyclesPass(brain, 5);
  expect((await brain.positions())[0]?.decision).toBe("wait");
  expect(await desk.plan("ETHUSDT")).toEqual({});
  expect(await desk.stops()).toMatchObject([ENTRY_STOP]);
  await desk.redis(
    ...["HSET", `${desk.keys.positionPlanPrefix}ETHUSDT`, "intent_id", ENTRY_ID, "symbol", "ETHUSDT"],
    ...["position_side", "BOTH", "side", "LONG", "quantity", "0.2", "entry_price", "3000.01"],
    ...["stop_loss", "2970", "take_profit", "3090", "trail_percent", "", "max_hold_sec", "3600"],
    ...["opened_at", String(Date.now())],
  );
  await desk.redis("HDEL", desk.keys.gateInFlight, "ETHUSDT");
  await waitUntil("it is followed", async () => (await planStop(brain)) === "2970");
  expect(await desk.stops()).toMatchObject([ENTRY_STOP]);
  expect(brain.alarms()).toEqual([]);
});

test.concurrent("a position without any stop gets the default one although its entry is not settled", async () => {
  await using desk = await openExitDesk();
  await desk.redis("HSET", desk.keys.gateInFlight, "ETHUSDT", ENTRY_ID);
  await using _brain = await desk.start();
  await desk.order({ symbol: "ETHUSDT", side: "BUY", quantity: "0.2" });
  await waitUntil("it has a stop", async () => (await desk.stops())[0]?.triggerPrice === "2940.00");
  expect(await desk.plan("ETHUSDT")).toEqual({});
});
