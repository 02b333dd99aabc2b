import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { ExecutionParts } from "../../../lib/execution/execution-parts.ts";
import type { FaultEffect } from "../../../lib/paper/faults/fault-script.ts";
import { BRISK, type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

const settings = { PAPER_ORDER_LIMIT_10S: 1_000_000, PAPER_ORDER_LIMIT_1M: 1_000_000 };
let desk: Desk;
/** Where requests get lost, and are waited for. */
let brisk: Desk;
beforeAll(async () => {
  desk = await openDesk({ settings });
  brisk = await openDesk({ settings }, BRISK);
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await brisk[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await desk.paper.clearFaults();
  await brisk.paper.clearFaults();
  desk.parts.credentialsRefused(false);
});

type Effect = Partial<FaultEffect> & { readonly kind: FaultEffect["kind"] };

async function trade(effect: Effect, { count = 1, at = desk } = {}) {
  const rule = { match: { method: "POST", path: "/fapi/v1/order" }, count, effect };
  await at.paper.admin("POST", "faults", { rules: [rule] });
  const intent = soundIntent();
  const entry = await at.publish(intent);
  const before = (await at.executed()).length;
  const handled = await at.handle(entry);
  const id = "intent_id" in intent ? String(intent.intent_id) : "";
  const own = (await at.results()).filter((result) => result.intent_id === id);
  const executed = (await at.executed()).slice(before);
  return { handled, own, executed };
}

describe("an order whose fate is unknown is resolved, and executed once", () => {
  test.each<[string, Effect]>([
    ["the reply comes after the deadline", { kind: "latency", ms: 1500, when: "after" }],
    ["the request comes late and outside its window", { kind: "latency", ms: 2400, when: "before" }],
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
    ["the order is accepted late", { kind: "delayed_execution", ms: 400 }],
  ])(
    "%s",
    async (_name, effect) => {
      const { handled, own, executed } = await trade(effect, { at: brisk });
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
    const { own, executed } = await trade({ kind: "error", code: -1008 }, { count: 10 });
    expect(own).toMatchObject([{ status: "rejected" }]);
    expect(own[0]?.reason).toStartWith("VENUE_UNAVAILABLE");
    expect(executed).toEqual([]);
  }, 120_000);
});

describe("an order that the venue refuses for good ends rejected, with its words", () => {
  test.each([
    -1022, -2014, -2015, -1102, -2018, -2019, -2021, -2023, -2024, -2025, -2027, -4003, -4004, -4005, -4014,
    -4015, -4023, -4164, -4061, -4087, -4088, -4089, -4108, -4118, -4120, -4131, -4140, -4141, -4192, -4400,
    -4401,
  ])("%i", async (code) => {
    const { own, executed } = await trade({ kind: "error", code, msg: "because" });
    expect(own).toMatchObject([{ status: "rejected", order_id: "" }]);
    expect(own[0]?.reason).toStartWith(`VENUE_REJECTED: ${code}`);
    expect(executed).toEqual([]);
  });
});

test.each<[string, Effect]>([
  ["a code that nobody listed", { kind: "error", code: -9999, msg: "no" }],
  ["a status of its own", { kind: "http", status: 403 }],
])(
  "an entry refused with %s, and proved not executed, ends rejected and is not sent again",
  async (_name, effect) => {
    const { own, executed } = await trade(effect, { at: brisk });
    expect(own).toMatchObject([{ status: "rejected", order_id: "" }]);
    expect(own[0]?.reason).toStartWith("VENUE_REJECTED: ");
    expect(executed).toEqual([]);
  },
  120_000,
);

test("an exit of a symbol that the venue delivers or settles has its answer, and is not in doubt", async () => {
  await trade({ kind: "latency", ms: 0, when: "before" }, { at: brisk });
  const match = { method: "POST", path: "/fapi/v1/order" } as const;
  await brisk.paper.useFaults({ rules: [{ match, count: 1, effect: { kind: "error", code: -4108 } }] });
  const exit = soundIntent({ action: "SELL", reduce_only: true, quantity: "0.1" });
  await brisk.handle(await brisk.publish(exit, "exit"), "exit");
  const result = (await brisk.results()).at(-1);
  expect(result?.reason).toStartWith("VENUE_REJECTED: -4108");
}, 120_000);

test("an exit refused with a code that nobody listed is sent again", async () => {
  await trade({ kind: "latency", ms: 0, when: "before" }, { at: brisk });
  const rule = {
    match: { method: "POST", path: "/fapi/v1/order" },
    count: 1,
    effect: { kind: "error", code: -9999 },
  };
  await brisk.paper.admin("POST", "faults", { rules: [rule] });
  const exit = soundIntent({ action: "SELL", reduce_only: true, quantity: "0.1" });
  await brisk.handle(await brisk.publish(exit, "exit"), "exit");
  expect((await brisk.results()).at(-1)).toMatchObject({ status: "filled", quantity: "0.1" });
}, 120_000);

describe("an entry that waited is judged anew before it is sent again", () => {
  test.each<[string, Effect]>([
    ["after an order in doubt", { kind: "lost_request" }],
    ["after a refusal that may pass", { kind: "error", code: -1008 }],
  ])(
    "%s: the mark has left its collar meanwhile",
    async (_name, effect) => {
      let mark = "3000";
      const change: Partial<ExecutionParts> = {
        markOf: () => ({ price: mark, ageMs: 0 }),
        exchange: {
          ...brisk.parts.exchange,
          submitOrder: (...order) => {
            mark = "3600";
            return brisk.parts.exchange.submitOrder(...order);
          },
        },
      };
      const { own, executed } = await brisk.withParts(change, () => trade(effect, { at: brisk }));
      expect(own).toMatchObject([{ status: "denied", order_id: "BLOCKED_PRICE_COLLAR" }]);
      expect(executed).toEqual([]);
    },
    120_000,
  );

  test("and its leverage is set again where that is not known to stand", async () => {
    let asked = 0;
    const ensureLeverage = async () => {
      asked += 1;
      return asked === 1 ? undefined : "because";
    };
    const change = { leverageStands: () => false, ensureLeverage };
    const { own } = await desk.withParts(change, () => trade({ kind: "error", code: -1008 }));
    expect(own).toMatchObject([{ status: "denied", order_id: "BLOCKED_LEVERAGE_FAILED" }]);
  });
});

describe("an entry that the venue refuses for good, and that cannot be asked about at once, is not sent again", () => {
  /** The refusal, then `failures` questions that fail. */
  async function refuseInDoubt(code: number, failures = 1) {
    const path = "/fapi/v1/order";
    const refused = { match: { method: "POST", path }, count: 1, effect: { kind: "error", code, msg: "no" } };
    const asked = { match: { method: "GET", path }, count: failures, effect: { kind: "http", status: 502 } };
    await brisk.paper.admin("POST", "faults", { rules: [refused, asked] });
    const intent = soundIntent({ intent_id: `refused${-code}x${failures}` });
    return { entry: await brisk.publish(intent), before: (await brisk.executed()).length };
  }

  test.each([-2019, -2027, -4131, -4400])(
    "%i: it ends rejected with the venue's words",
    async (code) => {
      const { entry, before } = await refuseInDoubt(code);
      expect(await brisk.handle(entry)).toBe("done");
      const result = (await brisk.results()).at(-1);
      expect(result).toMatchObject({ status: "rejected", intent_id: `refused${-code}x1` });
      expect(result?.reason).toBe(`VENUE_REJECTED: ${code} no`);
      expect(await brisk.executed()).toHaveLength(before);
    },
    120_000,
  );

  test("also by the process that takes it over", async () => {
    const { entry, before } = await refuseInDoubt(-2019, 2);
    let asked = 0;
    const queryOrder: ExecutionParts["exchange"]["queryOrder"] = (...order) => {
      asked += 1;
      if (asked > 1) throw new Error("dies");
      return brisk.parts.exchange.queryOrder(...order);
    };
    const exchange = { ...brisk.parts.exchange, queryOrder };
    expect(await brisk.withParts({ exchange }, () => brisk.handle(entry))).toBe("later");
    expect(await brisk.withParts({ owner: "desk:next" }, () => brisk.handle(entry))).toBe("done");
    const result = (await brisk.results()).at(-1);
    expect(result).toMatchObject({ status: "rejected", intent_id: "refused2019x2" });
    expect(result?.reason).toBe("VENUE_REJECTED: -2019 no");
    expect(await brisk.executed()).toHaveLength(before);
  }, 120_000);
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

test("an order that the venue takes says that it takes the credentials again", async () => {
  await desk.handle(await desk.publish(soundIntent()));
  desk.parts.credentialsRefused(true);
  const exit = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null });
  await desk.handle(await desk.publish(exit, "exit"), "exit");
  expect(desk.credentialsRefused()).toBe(false);
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
