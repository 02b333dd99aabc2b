import { expect, test } from "bun:test";
import { protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type ExitDesk, openExitDesk } from "./exit-desk.ts";

/** A test with a Redis and a venue of its own: they wait most of the time, and so wait together. */
const on = (body: (desk: ExitDesk) => Promise<void>) => async () => {
  await using desk = await openExitDesk();
  await body(desk);
};

const buy = (desk: ExitDesk) => desk.order({ symbol: "ETHUSDT", side: "BUY", quantity: "0.2" });
const planned = (desk: ExitDesk, change: Readonly<Record<string, string>> = {}) =>
  desk.redis(
    "HSET",
    `${desk.keys.positionPlanPrefix}ETHUSDT`,
    ...Object.entries({
      intent_id: "0123456789abcdef0123456789abcdef",
      symbol: "ETHUSDT",
      position_side: "BOTH",
      side: "LONG",
      quantity: "0.2",
      entry_price: "3000.01",
      stop_loss: "2970",
      take_profit: "3090",
      trail_percent: "",
      opened_at: String(Date.now()),
      max_hold_sec: "3600",
      ...change,
    }).flat(),
  );
const statistic = async (desk: ExitDesk, field: string) =>
  Number(await desk.redis("HGET", `${desk.keys.statsPrefix}exit-brain`, field));

test.concurrent(
  "a position opened by hand gets the default plan, an alarm, and a stop at the venue",
  on(async (desk) => {
    await using brain = await desk.start();
    await buy(desk);
    await waitUntil("it has a stop", async () => (await desk.stops()).length === 1);
    const plan = await waitUntil("its plan is stored", async () => {
      const stored = await desk.plan("ETHUSDT");
      return "intent_id" in stored && stored;
    });
    expect(plan).toMatchObject({
      side: "LONG",
      stop_loss: "2940",
      take_profit: "3120",
      max_hold_sec: "14400",
    });
    expect(await desk.stops()).toMatchObject([
      { side: "SELL", triggerPrice: "2940.00", clientAlgoId: protectiveStopId(plan["intent_id"] ?? "") },
    ]);
    expect(brain.alarms()).toEqual(["POSITION WITHOUT A PLAN ETHUSDT: NO_PLAN"]);
    expect(await brain.metrics()).toContain('quantum_exit_brain_plans_adopted_total{why="NO_PLAN"} 1');
    await waitUntil("it is counted", async () => (await statistic(desk, "adopted:NO_PLAN")) === 1);
  }),
);

test.concurrent(
  "a position that is due is handed to execution once, as an intent that only reduces",
  on(async (desk) => {
    await using brain = await desk.start({ PROTECTIVE_STOP: "none" });
    await planned(desk);
    await buy(desk);
    await waitUntil("it is watched", async () => (await brain.positions())[0]?.plan?.stop_loss === "2970");
    const openedAt = Number((await desk.plan("ETHUSDT"))["opened_at"]);
    await desk.paper.setPrice("ETHUSDT", "3100");
    const [exit] = await waitUntil("it is due", async () => {
      const exits = await desk.exits();
      return exits.length > 0 && exits;
    });
    expect(exit).toMatchObject({
      symbol: "ETHUSDT",
      action: "SELL",
      quantity: "0.2",
      reduce_only: true,
      position_side: "BOTH",
      opened_at_ms: openedAt,
      reason: "TAKE_PROFIT",
      source: "exit-brain",
    });
    expect(brain.alarms()).toEqual([]);
    // Nobody executes here: that must not stay unnoticed, nor fill the stream.
    await waitUntil("it is noticed", async () => (await brain.degraded()).includes("EXIT_UNCONFIRMED"));
    expect(new Set((await desk.exits()).map(({ intent_id }) => intent_id)).size).toBe(1);
    const told = await waitUntil("it is told", async () => {
      const all = await desk.heartbeats();
      return all.some(({ status }) => status === "DEGRADED") && all;
    });
    // In cycles, which a busy machine makes longer: the one that decides, and the two until EXIT_CONFIRM_MS is over.
    const since = told.filter(({ ts }) => ts >= (exit?.ts_ms ?? 0));
    expect(since.findIndex(({ status }) => status === "DEGRADED")).toBeLessThanOrEqual(2);
  }),
);

test.concurrent(
  "an exit that ended with the position open is followed by the next number, also after a restart",
  on(async (desk) => {
    const none = { PROTECTIVE_STOP: "none" };
    const first = await desk.start(none);
    await planned(desk);
    await buy(desk);
    await desk.paper.setPrice("ETHUSDT", "2900");
    const sent = async (count: number) => {
      const exits = await waitUntil(`${count} exits are out`, async () => {
        const all = await desk.exits();
        return new Set(all.map(({ intent_id }) => intent_id)).size >= count && all;
      });
      return [...new Set(exits.map(({ intent_id }) => intent_id))];
    };
    const [zero = ""] = await sent(1);
    await desk.redis("HSET", `${desk.keys.orderLedgerPrefix}${zero}`, "state", "REJECTED");
    const [, one = ""] = await sent(2);
    expect(one).not.toBe(zero);
    await first.stop();
    await desk.redis("HSET", `${desk.keys.orderLedgerPrefix}${one}`, "state", "SUBMITTING");
    const second = await desk.start(none);
    await waitUntil("the exit that is under way was found", async () => {
      const [position] = await second.positions();
      return position?.exit?.n === 1 && position.exit.handover === "sent";
    });
    expect(await sent(2)).toEqual([zero, one]);
    await desk.redis("HSET", `${desk.keys.orderLedgerPrefix}${one}`, "state", "FILLED");
    expect(await sent(3)).toHaveLength(3);
  }),
);

test.concurrent(
  "a position at zero stamps the symbol's last trade with the venue's time, and leaves neither plan nor stop",
  on(async (desk) => {
    await using brain = await desk.start();
    await buy(desk);
    await waitUntil("it is guarded", async () => (await desk.stops()).length === 1);
    const before = Date.now();
    await desk.order({ symbol: "ETHUSDT", side: "SELL", quantity: "0.2", reduceOnly: "true" });
    const after = Date.now();
    const lastTrade = `${desk.keys.gateLastTradePrefix}ETHUSDT`;
    const stamped = await waitUntil("it is stamped", async () => Number(await desk.redis("GET", lastTrade)));
    expect(stamped).toBeWithin(before, after + 1);
    const leftMs = Number(await desk.redis("PTTL", lastTrade));
    // It was written some time between the close and now.
    expect(leftMs).toBeWithin(300_000 - (Date.now() - stamped) - 2, 300_001);
    await waitUntil("the stop is gone", async () => (await desk.stops()).length === 0);
    await waitUntil("the plan is gone", async () => Object.keys(await desk.plan("ETHUSDT")).length === 0);
    expect(await brain.positions()).toEqual([]);
    await waitUntil("it is counted", async () => (await statistic(desk, "positions_closed")) === 1);
  }),
);

test.concurrent(
  "plans left behind by positions that closed while nobody watched are deleted, later ones are not",
  on(async (desk) => {
    await planned(desk, { opened_at: String(Date.now() - 60_000) });
    const later = `${desk.keys.positionPlanPrefix}BTCUSDT`;
    await desk.redis("HSET", later, "opened_at", String(Date.now() + 60_000));
    await using _brain = await desk.start();
    await waitUntil("it is deleted", async () => Object.keys(await desk.plan("ETHUSDT")).length === 0);
    expect(await desk.redis("EXISTS", later)).toBe(1);
  }),
);

test.concurrent.each([
  ["of another type", ["SET", "x"]],
  ["with a stop that is no number", ["HSET", "opened_at", "5", "stop_loss", "soon"]],
])("a plan %s gives way to the default one, with an alarm", async (_what, [command = "", ...rest]) => {
  await using desk = await openExitDesk();
  await desk.redis(command, `${desk.keys.positionPlanPrefix}ETHUSDT`, ...rest);
  await buy(desk);
  await using brain = await desk.start();
  await waitUntil("it is replaced", async () => (await desk.plan("ETHUSDT"))["stop_loss"] === "2940");
  expect(brain.alarms()).toContain("POSITION WITHOUT A PLAN ETHUSDT: PLAN_UNREADABLE");
});

test.concurrent(
  "a plan that is lost while its position is open comes back as it was, with an alarm each time",
  on(async (desk) => {
    await using brain = await desk.start({ PROTECTIVE_STOP: "none" });
    await planned(desk);
    await buy(desk);
    await waitUntil("it is followed", async () => (await brain.positions())[0]?.plan?.stop_loss === "2970");
    for (let times = 1; times <= 2; times += 1) {
      await desk.redis("DEL", `${desk.keys.positionPlanPrefix}ETHUSDT`);
      await waitUntil("it is back", async () => (await desk.plan("ETHUSDT"))["stop_loss"] === "2970");
      const { length } = await brain.cycles();
      await waitUntil("it was read again", async () => (await brain.cycles()).length > length + 1);
      expect(brain.alarms()).toEqual(Array(times).fill("POSITION WITHOUT A PLAN ETHUSDT: PLAN_LOST"));
    }
  }),
);

test.concurrent(
  "a position whose entry is being settled waits for its plan, and is not taken for one without",
  on(async (desk) => {
    await desk.redis("HSET", desk.keys.gateInFlight, "ETHUSDT", "entry");
    await using brain = await desk.start();
    await buy(desk);
    await waitUntil("it is seen", async () => (await brain.positions())[0]?.decision === "wait");
    await planned(desk);
    await desk.redis("HDEL", desk.keys.gateInFlight, "ETHUSDT");
    await waitUntil(
      "its plan is followed",
      async () => (await brain.positions())[0]?.plan?.stop_loss === "2970",
    );
    expect(brain.alarms()).toEqual([]);
  }),
);

test.concurrent(
  "an entry that never settles leaves its position unguarded for three seconds at most",
  on(async (desk) => {
    await desk.redis("HSET", desk.keys.gateInFlight, "ETHUSDT", "entry");
    await using brain = await desk.start();
    const sinceMs = performance.now();
    await buy(desk);
    await waitUntil("it is adopted", async () => (await brain.positions())[0]?.plan?.stop_loss === "2940");
    expect(performance.now() - sinceMs).toBeGreaterThan(2000);
    expect(brain.alarms()).toContain("POSITION WITHOUT A PLAN ETHUSDT: NO_PLAN");
  }),
);

test.concurrent(
  "a trailing stop is followed at the venue, and survives a restart",
  on(async (desk) => {
    const first = await desk.start();
    await planned(desk, { trail_percent: "1", take_profit: "9000" });
    await buy(desk);
    const trigger = async () => (await desk.stops()).map(({ triggerPrice }) => Number(triggerPrice));
    await waitUntil("it rests 1 % below", async () => (await trigger())[0] === 2970.01);
    await desk.paper.setPrice("ETHUSDT", "3300");
    await waitUntil("it has followed", async () => (await trigger())[0] === 3267);
    expect(await trigger()).toEqual([3267]);
    await waitUntil(
      "the best mark is recorded",
      async () => (await desk.plan("ETHUSDT"))["mark_extreme"] === "3300",
    );
    await first.stop();
    for (const { clientAlgoId } of await desk.stops())
      await desk.paper.call("DELETE", "/fapi/v1/algoOrder", { clientAlgoId });
    await desk.paper.setPrice("ETHUSDT", "3260");
    await using _second = await desk.start();
    const exits = await waitUntil("it is due", async () => {
      const all = await desk.exits();
      return all.length > 0 && all;
    });
    expect(exits[0]?.reason).toBe("TRAILING_STOP");
  }),
);

test.concurrent(
  "a stop that is missing at the venue is an alarm, and placed",
  on(async (desk) => {
    await using brain = await desk.start();
    await planned(desk);
    await buy(desk);
    await waitUntil("it is placed", async () => (await desk.stops()).length === 1);
    expect(brain.alarms()).toEqual(["POSITION WITHOUT A STOP AT THE VENUE ETHUSDT"]);
    const [stop] = await desk.stops();
    await desk.paper.call("DELETE", "/fapi/v1/algoOrder", { clientAlgoId: stop?.clientAlgoId ?? "" });
    await waitUntil("it is placed again", async () => (await desk.stops()).length === 1);
    await waitUntil("both are counted", async () => (await statistic(desk, "stops_missing")) === 2);
    expect(await desk.amounts()).toEqual({ ETHUSDT: 0.2 });
  }),
);

test.concurrent(
  "in hedge mode each side has its plan and its stop, and is left by itself",
  on(async (desk) => {
    await desk.paper.call("POST", "/fapi/v1/positionSide/dual", { dualSidePosition: true });
    await using brain = await desk.start({ PROTECTIVE_STOP: "exchange" });
    await desk.order({ symbol: "ETHUSDT", side: "BUY", positionSide: "LONG", quantity: "0.2" });
    await desk.order({ symbol: "ETHUSDT", side: "SELL", positionSide: "SHORT", quantity: "0.3" });
    await waitUntil("both have a stop", async () => (await desk.stops()).length === 2);
    for (const [side, stop] of [
      ["LONG", "2940"],
      ["SHORT", "3060"],
    ])
      await waitUntil(`the ${side} has its plan`, async () => {
        return (await desk.plan(`ETHUSDT:${side}`))["stop_loss"] === stop;
      });
    for (const { clientAlgoId } of await desk.stops())
      await desk.paper.call("DELETE", "/fapi/v1/algoOrder", { clientAlgoId });
    await desk.paper.setPrice("ETHUSDT", "2930");
    const exits = await waitUntil("the long is due", async () => {
      const all = await desk.exits();
      return all.length > 0 && all;
    });
    expect(exits).toMatchObject([
      { action: "SELL", position_side: "LONG", quantity: "0.2", reason: "HARD_STOP" },
    ]);
    expect((await brain.positions()).length).toBe(2);
  }),
);
