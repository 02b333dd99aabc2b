import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { FaultEffect } from "../../../lib/paper/faults/fault-script.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ settings: { PAPER_ORDER_LIMIT_10S: 1_000_000, PAPER_ORDER_LIMIT_1M: 1_000_000 } });
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.paper.clearFaults();
  desk.parts.credentialsRefused(false);
});

type Effect = Partial<FaultEffect> & { readonly kind: FaultEffect["kind"] };

async function trade(effect: Effect, count = 1) {
  const rule = { match: { method: "POST", path: "/fapi/v1/order" }, count, effect };
  await desk.paper.admin("POST", "faults", { rules: [rule] });
  const intent = soundIntent();
  const entry = await desk.publish(intent);
  const before = (await desk.executed()).length;
  const handled = await desk.handle(entry);
  const id = "intent_id" in intent ? String(intent.intent_id) : "";
  const own = (await desk.results()).filter((result) => result.intent_id === id);
  const executed = (await desk.executed()).slice(before);
  return { handled, own, executed };
}

describe("an order whose fate is unknown is resolved, and executed once", () => {
  test.each<[string, Effect]>([
    ["the reply comes after the deadline", { kind: "latency", ms: 400, when: "after" }],
    ["the request comes late and outside its window", { kind: "latency", ms: 600, when: "before" }],
    ["the reply is lost", { kind: "lost_reply" }],
    ["the request is lost", { kind: "lost_request" }],
    ["408, executed", { kind: "http", status: 408, executed: true }],
    ["500, executed", { kind: "http", status: 500, executed: true }],
    ["502, not executed", { kind: "http", status: 502, executed: false }],
    ["504, executed", { kind: "http", status: 504, executed: true }],
    ["504, not executed", { kind: "http", status: 504, executed: false }],
    ["503 unknown, executed", { kind: "unavailable", text: "unknown", executed: true }],
    ["503 unknown, not executed", { kind: "unavailable", text: "unknown", executed: false }],
    ["-1000, executed", { kind: "error", code: -1000, executed: true }],
    ["-1001, not executed", { kind: "error", code: -1001, executed: false }],
    ["-1006, executed", { kind: "error", code: -1006, executed: true }],
    ["-1007, executed", { kind: "error", code: -1007, executed: true }],
    ["-1007, not executed", { kind: "error", code: -1007, executed: false }],
    ["an unlisted code, executed", { kind: "error", code: -9999, executed: true }],
    ["a body that is not JSON, executed", { kind: "garbage", executed: true }],
    ["a body that is not JSON, not executed", { kind: "garbage", executed: false }],
    ["the order is accepted late", { kind: "delayed_execution", ms: 100 }],
  ])(
    "%s",
    async (_name, effect) => {
      const { handled, own, executed } = await trade(effect);
      expect(handled).toBe("done");
      expect(own.map((result) => result.status)).toEqual(["filled"]);
      expect(executed).toHaveLength(1);
      expect(own[0]?.client_order_id).toBe(executed[0]?.clientOrderId ?? "");
      expect(Number(own[0]?.entry_price)).toBeGreaterThan(2990);
    },
    120_000,
  );
});

describe("an entry that was executed, although the answer to a second copy of its request refuses it", () => {
  test.each<[string, Effect]>([
    ["-1021, for the copy came late", { kind: "error", code: -1021, executed: true }],
    ["-1008", { kind: "error", code: -1008, executed: true }],
    ["503 unavailable", { kind: "unavailable", text: "unavailable", executed: true }],
    ["-2019, for the first took the margin", { kind: "error", code: -2019, executed: true }],
  ])(
    "%s: is not sent again, and ends filled",
    async (_name, effect) => {
      const { own, executed } = await trade(effect);
      expect(executed).toHaveLength(1);
      expect(own).toMatchObject([{ status: "filled", client_order_id: executed[0]?.clientOrderId ?? "" }]);
    },
    120_000,
  );
});

describe("an order that the venue certainly did not execute is tried again", () => {
  test.each<[string, Effect]>([
    ["503 unavailable", { kind: "unavailable", text: "unavailable" }],
    ["-1008", { kind: "error", code: -1008 }],
    ["-1016", { kind: "error", code: -1016 }],
    ["-1021: signed anew", { kind: "error", code: -1021 }],
    ["-5028: signed anew", { kind: "error", code: -5028 }],
  ])(
    "%s, and fills under the same client id",
    async (_name, effect) => {
      const { own, executed } = await trade(effect);
      expect(own.map((result) => result.status)).toEqual(["filled"]);
      expect(executed).toHaveLength(1);
      expect(executed[0]?.clientOrderId).toEndWith("-1");
    },
    120_000,
  );

  test("and ends rejected when it keeps being so", async () => {
    const { own, executed } = await trade({ kind: "error", code: -1008 }, 10);
    expect(own).toMatchObject([{ status: "rejected" }]);
    expect(own[0]?.reason).toStartWith("VENUE_UNAVAILABLE");
    expect(executed).toEqual([]);
  }, 120_000);
});

describe("an order that the venue refuses for good ends rejected, with its words", () => {
  test.each([
    -1022, -2014, -2015, -1102, -2018, -2019, -2021, -2023, -2024, -2025, -2027, -4003, -4004, -4005, -4014,
    -4015, -4023, -4164, -4061, -4087, -4088, -4089, -4118, -4120, -4131, -4140, -4141, -4192, -4400, -4401,
  ])("%i", async (code) => {
    const { own, executed } = await trade({ kind: "error", code, msg: "because" });
    expect(own).toMatchObject([{ status: "rejected", order_id: "" }]);
    expect(own[0]?.reason).toStartWith(`VENUE_REJECTED: ${code}`);
    expect(executed).toEqual([]);
  });
});

test.each<[string, Effect]>([
  ["429", { kind: "limited", status: 429, retryAfterSec: 0 }],
  ["418", { kind: "limited", status: 418, retryAfterSec: 0 }],
  ["-1015", { kind: "limited", status: 429, retryAfterSec: 0, code: -1015 }],
])("an entry that meets a limit (%s) ends rejected, VENUE_LIMITED", async (_name, effect) => {
  const { own, executed } = await trade(effect);
  expect(own[0]?.reason).toStartWith("VENUE_LIMITED");
  expect(executed).toEqual([]);
  await desk.parts.clock.sleep(1100);
});

test("refused credentials stop entries until the venue takes them again", async () => {
  await trade({ kind: "error", code: -2015 });
  expect(desk.credentialsRefused()).toBe(true);
  const { own } = await trade({ kind: "latency", ms: 0 });
  expect(own).toMatchObject([{ status: "denied", order_id: "BLOCKED_CREDENTIALS_REFUSED" }]);
});

test("a partial fill is booked for what filled, and the plan is for that", async () => {
  const { own, executed } = await trade({ kind: "partial_fill", fraction: 0.5 });
  expect(own).toMatchObject([{ status: "partial" }]);
  expect(Number(own[0]?.quantity)).toBe(Number(executed[0]?.executedQty));
  const plan = await desk.server.client.flat("HGETALL", `${desk.server.keys.positionPlanPrefix}ETHUSDT`);
  expect(plan[plan.indexOf("quantity") + 1]).toBe(own[0]?.quantity ?? "");
});

test("an order that the venue ended without a fill is NOT_FILLED", async () => {
  const { own } = await trade({ kind: "partial_fill", fraction: 0 });
  expect(own).toMatchObject([{ status: "rejected" }]);
  expect(own[0]?.reason).toStartWith("NOT_FILLED");
});

test("a leverage that the venue does not set denies the entry", async () => {
  await desk.paper.admin("POST", "faults", {
    rules: [{ match: { method: "POST", path: "/fapi/v1/leverage" }, effect: { kind: "error", code: -4028 } }],
  });
  await desk.handle(await desk.publish(soundIntent({ leverage: 7 })));
  expect((await desk.results()).at(-1)).toMatchObject({
    status: "denied",
    order_id: "BLOCKED_LEVERAGE_FAILED",
  });
});
