import { expect, test } from "bun:test";
import { protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type ExitDesk, openExitDesk } from "./exit-desk.ts";

const INTENT_ID = "0123456789abcdef0123456789abcdef";
const TERMS = { stop_loss: "2970", take_profit: "3300", mark_extreme: "3020", trail_percent: "1" };

/** A position of an hour ago with the trailing stop of its plan, in an account that has listed it all the time. */
async function holdPosition(desk: ExitDesk): Promise<void> {
  await desk.order({ symbol: "ETHUSDT", side: "BUY", quantity: "0.2" });
  const plan = {
    ...{ intent_id: INTENT_ID, symbol: "ETHUSDT", position_side: "BOTH", side: "LONG", quantity: "0.2" },
    ...{ entry_price: "2990", opened_at: String(Date.now() - 3_600_000), max_hold_sec: "14400" },
    ...TERMS,
  };
  await desk.redis("HSET", `${desk.keys.positionPlanPrefix}ETHUSDT`, ...Object.entries(plan).flat());
}

/** The next `count` lists of positions come without a row. */
const listNothing = (desk: ExitDesk, count: number) =>
  desk.paper.admin("POST", "faults", {
    rules: [
      {
        match: { method: "GET", path: "/fapi/v3/positionRisk" },
        count,
        effect: { kind: "garbage", status: 200, body: "[]" },
      },
    ],
  });

/** As many cycles as there were empty lists, and one that saw the position again. */
async function cyclesPass(brain: { cycles(): Promise<readonly unknown[]> }, count: number): Promise<void> {
  const { length } = await brain.cycles();
  await waitUntil(`${count} cycles`, async () => (await brain.cycles()).length >= length + count);
}

test.concurrent("one list without a position that is open ends neither its plan nor its stop", async () => {
  await using desk = await openExitDesk();
  await holdPosition(desk);
  await using brain = await desk.start();
  await waitUntil("its stop rests", async () => (await desk.stops()).length === 1);
  const before = { stops: await desk.stops(), plan: await desk.plan("ETHUSDT") };
  await listNothing(desk, 1);
  await cyclesPass(brain, 4);
  expect({ stops: await desk.stops(), plan: await desk.plan("ETHUSDT") }).toEqual(before);
  expect(before.plan).toMatchObject(TERMS);
  expect((await brain.cycles()).map(({ positions }) => positions)).not.toContain(0);
  expect(brain.alarms()).toEqual(["POSITION WITHOUT A STOP AT THE VENUE ETHUSDT"]);
});

test.concurrent("the first list of a process, come without a position, ends neither its plan nor its stop", async () => {
  await using desk = await openExitDesk();
  await holdPosition(desk);
  const clientAlgoId = protectiveStopId(INTENT_ID);
  const stop = { algoType: "CONDITIONAL", symbol: "ETHUSDT", side: "SELL", positionSide: "BOTH" };
  const trigger = { type: "STOP_MARKET", triggerPrice: "2989.8", workingType: "MARK_PRICE" };
  await desk.paper.call("POST", "/fapi/v1/algoOrder", {
    ...{ ...stop, ...trigger, closePosition: true, clientAlgoId },
  });
  const placed = await desk.stops();
  expect(placed).toHaveLength(1);
  await listNothing(desk, 1);
  await using brain = await desk.start();
  await waitUntil("it is watched", async () => (await brain.positions()).length === 1);
  await cyclesPass(brain, 2);
  expect(await desk.plan("ETHUSDT")).toMatchObject(TERMS);
  expect(brain.alarms()).toEqual([]);
});

test.concurrent("a position whose close the stream did not tell is gone with the lists of two seconds", async () => {
  await using desk = await openExitDesk();
  await holdPosition(desk);
  await using brain = await desk.start();
  await waitUntil("its stop rests", async () => (await desk.stops()).length === 1);
  await listNothing(desk, 1000);
  await waitUntil("its plan is gone", async () => Object.keys(await desk.plan("ETHUSDT")).length === 0);
  await waitUntil("its stop is gone", async () => (await desk.stops()).length === 0);
  expect(await brain.positions()).toEqual([]);
});

test.concurrent("an exit that ended is not followed by another while lists lack its position", async () => {
  await using desk = await openExitDesk();
  await holdPosition(desk);
  await using brain = await desk.start({ PROTECTIVE_STOP: "none" });
  await waitUntil("it is followed", async () => (await brain.positions())[0]?.plan?.stop_loss === "2970");
  await desk.paper.setPrice("ETHUSDT", "2900");
  const exit = await waitUntil("the exit is out", async () => (await desk.exits())[0]);
  // A stop has closed the position before, and the stream was silent.
  await listNothing(desk, 1000);
  await desk.redis("HSET", `${desk.keys.orderLedgerPrefix}${exit.intent_id}`, "state", "REJECTED");
  await waitUntil("it is gone", async () => (await brain.positions()).length === 0);
  expect(new Set((await desk.exits()).map(({ intent_id }) => intent_id))).toEqual(new Set([exit.intent_id]));
});
