import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { adoptionId } from "../../../lib/contract/position-plan.ts";
import { BRISK, type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({}, BRISK);
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.setPrice("ETHUSDT", "3000");
  await desk.emptyRedis();
});

const trade = (side: "BUY" | "SELL", quantity: string) =>
  desk.paper.call("POST", "/fapi/v1/order", { symbol: "ETHUSDT", side, type: "MARKET", quantity });
const recordPlan = (openedAtMs: number, side: string) => {
  const plan = `${desk.parts.keys.positionPlanPrefix}ETHUSDT`;
  return desk.server.client.command(["HSET", plan, "opened_at", String(openedAtMs), "side", side]);
};

/** A CLOSE whose process died over a request that never arrived, resumed by the next one after `meanwhile`. */
async function resumedClose(meanwhile: () => Promise<unknown>) {
  const { exchange } = desk.parts;
  const dying = { ...exchange, submitOrder: () => Promise.reject(new Error("killed")) };
  const close = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null });
  const entry = await desk.publish(close, "exit");
  expect(await desk.withParts({ exchange: dying }, () => desk.handle(entry, "exit"))).toBe("later");
  await meanwhile();
  await desk.withParts({ owner: "desk:next" }, () => desk.handle(entry, "exit"));
  return (await desk.results()).at(-1);
}

/** The exit brain's, of a position that has been open for longer. */
const adopt = (atMs: number) => {
  const plan = `${desk.parts.keys.positionPlanPrefix}ETHUSDT`;
  const intent_id = adoptionId("ETHUSDT", atMs);
  return desk.server.client.command([
    "HSET",
    plan,
    "opened_at",
    String(atMs),
    "side",
    "LONG",
    "intent_id",
    intent_id,
  ]);
};

const nowMs = () => desk.parts.exchange.serverNowMs();

test("a CLOSE that is resumed closes the position that it was sent for", async () => {
  await trade("BUY", "0.2");
  await recordPlan(nowMs(), "LONG");
  expect(await resumedClose(async () => undefined)).toMatchObject({ status: "filled", quantity: "0.2" });
  expect(await desk.position()).toBe(0);
}, 20_000);

test("and also when its plan was lost and it was adopted since", async () => {
  await trade("BUY", "0.2");
  const result = await resumedClose(async () => {
    await Bun.sleep(50);
    await adopt(nowMs());
  });
  expect(result).toMatchObject({ status: "filled", quantity: "0.2" });
}, 20_000);

test.each([
  ["BUY", "LONG", 0.3, "POSITION_CHANGED"],
  ["SELL", "SHORT", -0.3, "NOTHING_TO_REDUCE"],
] as const)(
  "but not one that was opened since by a %s",
  async (side, plan, left, reason) => {
    await trade("BUY", "0.2");
    await recordPlan(nowMs(), "LONG");
    const result = await resumedClose(async () => {
      await trade("SELL", "0.2");
      await Bun.sleep(50);
      await trade(side, "0.3");
      await recordPlan(nowMs(), plan);
    });
    expect(await desk.position()).toBeCloseTo(left, 9);
    expect(result?.reason).toStartWith(reason);
  },
  20_000,
);
