import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { z } from "zod";
import { protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import { mendStops } from "../../../lib/execution/mend-stops.ts";
import { BRISK, type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";
import { waitUntil } from "../../support/wait-until.ts";

let desk: Desk;
beforeAll(async () => {
  const settings = { PAPER_ORDER_LIMIT_10S: 1_000_000, PAPER_ORDER_LIMIT_1M: 1_000_000 };
  desk = await openDesk({ settings }, BRISK);
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.paper.clearFaults();
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.setPrice("ETHUSDT", "3000");
  await desk.emptyRedis();
});

const algoSchema = z.array(
  z.looseObject({
    clientAlgoId: z.string(),
    symbol: z.string(),
    side: z.string(),
    positionSide: z.string(),
    orderType: z.string(),
    triggerPrice: z.string(),
    workingType: z.string(),
    closePosition: z.boolean(),
  }),
);

const PLACE = { method: "POST", path: "/fapi/v1/algoOrder" };

async function resting() {
  return algoSchema.parse((await desk.paper.call("GET", "/fapi/v1/openAlgoOrders")).body);
}

async function trade(change: object = {}) {
  const intent = soundIntent(change);
  const intentId = "intent_id" in intent ? String(intent.intent_id) : "";
  const handled = await desk.handle(await desk.publish(intent));
  const own = (await desk.results()).filter((result) => result.intent_id === intentId);
  return { intentId, handled, own };
}

/** What is asked of the venue because of a stop. */
const STOP_CALLS = new Set(["placeAlgoOrder", "openAlgoOrders", "positions", "cancelAlgo"]);

const journalSchema = z.looseObject({ endpoints: z.record(z.string(), z.record(z.string(), z.number())) });

/** Placements that reached the venue's books, whatever became of them, also late ones. */
async function placements(): Promise<number> {
  const { endpoints } = journalSchema.parse(await desk.paper.read("requests"));
  const counts = Object.entries(endpoints).filter(([name]) => name.startsWith("POST /fapi/v1/algoOrder"));
  return counts.flatMap(([, byStatus]) => Object.values(byStatus)).reduce((sum, count) => sum + count, 0);
}

const faults = (...rules: readonly object[]) => desk.paper.admin("POST", "faults", { rules });
const missing = () => desk.server.client.flat("ZRANGE", desk.server.keys.stopsMissing, "0", "-1");

/** The documents of the exit intents so far. */
async function exits(): Promise<readonly string[]> {
  const reply = await desk.server.client.command(["XRANGE", desk.server.keys.exitIntentStream, "-", "+"]);
  return z
    .array(z.tuple([z.string(), z.tuple([z.literal("data"), z.string()])]))
    .parse(reply)
    .map(([, [, data]]) => data);
}

async function statistic(field: string): Promise<number> {
  const { client, keys } = desk.server;
  return Number((await client.command(["HGET", `${keys.statsPrefix}execution`, field])) ?? 0);
}

/** Until the condition holds, as the daemon mends beside its lanes. */
async function mendUntil(what: string, condition: () => Promise<boolean>): Promise<void> {
  const over = new AbortController();
  const clock = { ...desk.parts.clock, sleep: () => Bun.sleep(5) };
  const running = mendStops({ ...desk.parts, clock, missing: { set: () => undefined } }, over.signal);
  await waitUntil(what, condition).finally(() => over.abort());
  await running;
}

const hedge = async (on: boolean) => {
  await desk.paper.call("POST", "/fapi/v1/positionSide/dual", { dualSidePosition: on });
  await desk.parts.exchange.connect();
};

describe("an entry that fills", () => {
  test.each([
    ["a long", {}, "SELL", "2970.00"],
    ["a short", { action: "SELL", stop_loss: "3030", take_profit: "2910" }, "BUY", "3030.00"],
  ])(
    "%s: one stop rests at its plan's price, by the mark, for the whole position",
    async (_what, change, side, price) => {
      const { intentId, own } = await trade(change);
      expect(own.map((result) => result.status)).toEqual(["filled"]);
      expect(await resting()).toMatchObject([
        {
          clientAlgoId: protectiveStopId(intentId),
          ...{ side, positionSide: "BOTH", triggerPrice: price, orderType: "STOP_MARKET" },
          ...{ workingType: "MARK_PRICE", closePosition: true },
        },
      ]);
      expect(await statistic("stop:rests")).toBe(1);
      expect(await missing()).toEqual([]);
    },
  );

  test.each([
    ["long", { action: "BUY" }, "SELL", "LONG"],
    ["short", { action: "SELL", stop_loss: "3030", take_profit: "2910" }, "BUY", "SHORT"],
  ])("in hedge mode the stop of a %s is on its own side", async (_what, change, side, positionSide) => {
    await hedge(true);
    await trade(change);
    expect(await resting()).toMatchObject([{ side, positionSide }]);
    await desk.paper.admin("POST", "reset", {});
    await hedge(false);
  });

  test("in part gets its stop, too", async () => {
    await faults({
      match: { method: "POST", path: "/fapi/v1/order" },
      effect: { kind: "partial_fill", fraction: 0.5 },
    });
    const { own } = await trade();
    expect(own.map((result) => result.status)).toEqual(["partial"]);
    expect(await resting()).toHaveLength(1);
  });

  test("gets a trigger on the symbol's tick, on the side that closes sooner", async () => {
    await trade({ stop_loss: "2970.001" });
    expect(await resting()).toMatchObject([{ triggerPrice: "2970.01" }]);
  });

  test("gets no stop when nobody wants one", async () => {
    const rules = { ...desk.parts.rules, protectiveStop: "none" as const };
    const { own } = await desk.withParts({ rules }, () => trade());
    expect(own.map((result) => result.status)).toEqual(["filled"]);
    expect(await resting()).toEqual([]);
  });

  test("not at all gets no stop", async () => {
    await faults({
      match: { method: "POST", path: "/fapi/v1/order" },
      effect: { kind: "partial_fill", fraction: 0 },
    });
    await trade();
    expect(await resting()).toEqual([]);
  });
});

describe("a placement in doubt leaves one stop", () => {
  test.each([
    ["the reply is lost", 1, { kind: "lost_reply" }],
    ["the request is lost", 2, { kind: "lost_request" }],
    ["the reply comes after the deadline", 1, { kind: "latency", ms: 1500, when: "after" }],
    ["the request comes after the deadline", 2, { kind: "latency", ms: 800, when: "before" }],
    ["500, executed", 1, { kind: "http", status: 500, executed: true }],
    ["503 unknown, not executed", 2, { kind: "unavailable", text: "unknown", executed: false }],
    ["-1007, executed", 1, { kind: "error", code: -1007, executed: true }],
    ["a body that is not JSON, executed", 1, { kind: "garbage", executed: true }],
    ["the order is accepted late", 3, { kind: "delayed_execution", ms: 400 }],
    ["503 unavailable", 2, { kind: "unavailable", text: "unavailable" }],
    ["-1021", 2, { kind: "error", code: -1021 }],
  ])(
    "%s",
    async (_name, sent, effect) => {
      await faults({ match: PLACE, count: 1, effect });
      const { intentId, own } = await trade();
      expect(own.map((result) => result.status)).toEqual(["filled"]);
      await waitUntil("the late one has arrived, too", async () => (await placements()) === sent);
      expect((await resting()).map((order) => order.clientAlgoId)).toEqual([protectiveStopId(intentId)]);
      expect(await missing()).toEqual([]);
    },
    120_000,
  );
});

describe("after a kill", () => {
  /** What a process that died at this moment leaves, handled by the next. */
  async function dieAt(moment: "before the stop" | "between stop and result") {
    const entry = await desk.publish(soundIntent());
    const { exchange } = desk.parts;
    const placeAlgoOrder: typeof exchange.placeAlgoOrder = async (...call) => {
      if (moment !== "before the stop") await exchange.placeAlgoOrder(...call);
      throw new Error("killed");
    };
    const dying = { exchange: { ...exchange, placeAlgoOrder } };
    expect(await desk.withParts(dying, () => desk.handle(entry))).toBe("later");
    expect(await desk.results()).toEqual([]);
    return entry;
  }

  test.each(["before the stop", "between stop and result"] as const)(
    "%s: one stop, one result",
    async (moment) => {
      const entry = await dieAt(moment);
      await desk.withParts({ owner: "desk:next" }, () => desk.handle(entry));
      expect((await desk.results()).map((result) => result.status)).toEqual(["filled"]);
      expect(await resting()).toHaveLength(1);
      expect(await desk.executed()).toHaveLength(1);
    },
  );

  test.each([
    ["before the stop", 0],
    ["between stop and result", 1],
  ] as const)("%s: a position that was closed meanwhile keeps none, nor a plan", async (moment, placed) => {
    const entry = await dieAt(moment);
    const close = { symbol: "ETHUSDT", side: "SELL", type: "MARKET", quantity: "0.1", reduceOnly: true };
    expect((await desk.paper.call("POST", "/fapi/v1/order", close)).status).toBe(200);
    expect(await resting()).toHaveLength(placed);
    const { exchange } = desk.parts;
    const later: typeof exchange = {
      ...exchange,
      serverNowMs: () => exchange.serverNowMs() + 5000,
      placeAlgoOrder: (stop, signing) =>
        exchange.placeAlgoOrder(stop, { ...signing, timestampMs: exchange.serverNowMs() }),
    };
    await desk.withParts({ exchange: later, owner: "desk:next" }, () => desk.handle(entry));
    expect((await desk.results()).map((result) => result.status)).toEqual(["filled"]);
    expect(await resting()).toEqual([]);
    expect(await statistic("stop:flat")).toBe(1);
    const { client, keys } = desk.server;
    expect(await client.command(["EXISTS", `${keys.positionPlanPrefix}ETHUSDT`])).toBe(0);
  });
});

describe("a stop that the mark has passed already", () => {
  const sink = () => faults({ match: PLACE, effect: { kind: "error", code: -2021 } });

  test("closes the position by an exit intent that is published with the result", async () => {
    await sink();
    const { intentId, own } = await trade();
    expect(own.map((result) => result.status)).toEqual(["filled"]);
    const [exit, ...others] = await exits();
    expect(others).toEqual([]);
    const intent = JSON.parse(exit ?? "{}");
    expect(intent).toMatchObject({
      ...{ action: "SELL", reduce_only: true, symbol: "ETHUSDT", quantity: null },
      ...{ reason: "STOP_PASSED", source: "execution", position_side: "BOTH" },
    });
    expect(intent.intent_id).not.toBe(intentId);
    expect(await missing()).toEqual([]);
    await desk.handle(await desk.publish(intent, "exit"), "exit");
    expect((await desk.results()).at(-1)).toMatchObject({ status: "filled", quantity: "0.1" });
  });

  test("publishes that exit once, although the settling call's reply was lost", async () => {
    await sink();
    const { client } = desk.server;
    const lost = { count: 0 };
    const command: typeof client.command = async (args) => {
      const reply = await client.command(args);
      if (args[1] !== "settle_v1" || lost.count > 0) return reply;
      lost.count += 1;
      throw new Error("the reply is lost");
    };
    const entry = await desk.publish(soundIntent());
    await desk.withParts({ redis: { ...client, command } }, async () => {
      expect(await desk.handle(entry)).toBe("later");
      expect(await desk.handle(entry)).toBe("done");
    });
    expect(lost.count).toBe(1);
    expect((await desk.results()).map((result) => result.status)).toEqual(["filled"]);
    expect(await exits()).toHaveLength(1);
  });

  test("is refused by the venue itself when the price fell through it", async () => {
    const rule = {
      match: { method: "POST", path: "/fapi/v1/algoOrder" },
      count: 1,
      effect: { kind: "lost_request" },
    };
    await faults(rule);
    const { exchange } = desk.parts;
    const placeAlgoOrder: typeof exchange.placeAlgoOrder = async (...call) => {
      await desk.paper.setPrice("ETHUSDT", "2960");
      return exchange.placeAlgoOrder(...call);
    };
    await desk.withParts({ exchange: { ...exchange, placeAlgoOrder } }, () => trade());
    expect(await exits()).toHaveLength(1);
    expect(await resting()).toEqual([]);
  });
});

describe("an entry that adds to a position", () => {
  test("replaces the stop by its own plan's: one rests, and the gap is one request", async () => {
    await trade();
    const calls: string[] = [];
    const exchange = new Proxy(desk.parts.exchange, {
      get: (venue, name) => {
        if (STOP_CALLS.has(String(name))) calls.push(String(name));
        return Reflect.get(venue, name);
      },
    });
    const { intentId } = await desk.withParts({ exchange }, () => trade({ stop_loss: "2980" }));
    expect(await resting()).toMatchObject([
      { clientAlgoId: protectiveStopId(intentId), triggerPrice: "2980.00" },
    ]);
    expect(calls).toEqual(["placeAlgoOrder", "openAlgoOrders", "positions", "cancelAlgo", "placeAlgoOrder"]);
  });

  test("keeps the stop that stands at the very price already", async () => {
    const first = await trade();
    await trade();
    expect((await resting()).map((order) => order.clientAlgoId)).toEqual([protectiveStopId(first.intentId)]);
  });

  test("puts the old stop back when the venue refuses the new one for good", async () => {
    await trade();
    await faults({
      match: { ...PLACE, params: { triggerPrice: "2980" } },
      after: 1,
      effect: { kind: "error", code: -4014 },
    });
    const { own } = await trade({ stop_loss: "2980" });
    expect(own.map((result) => result.status)).toEqual(["filled"]);
    expect(await resting()).toMatchObject([{ triggerPrice: "2970.00" }]);
    expect(await missing()).toHaveLength(1);
  });

  test("leaves the old stop where it is while no order may be sent", async () => {
    await trade();
    const venue = desk.parts.exchange;
    const placed: string[] = [];
    const exchange: Exchange = {
      ...venue,
      admit: (kind, cost) => (placed.length === 0 ? venue.admit(kind, cost) : { kind: "wait", ms: 1000 }),
      placeAlgoOrder: (stop, signing) => {
        placed.push(stop.triggerPrice);
        return venue.placeAlgoOrder(stop, signing);
      },
    };
    await desk.withParts({ exchange }, () => trade({ stop_loss: "2980" }));
    expect(await resting()).toMatchObject([{ triggerPrice: "2970.00" }]);
    expect(placed).toEqual(["2980"]);
    expect(await missing()).toHaveLength(1);
  });

  test("leaves the other direction's stop alone", async () => {
    await hedge(true);
    await trade();
    await trade({ action: "SELL", stop_loss: "3030", take_profit: "2910" });
    expect((await resting()).map((order) => order.positionSide).sort()).toEqual(["LONG", "SHORT"]);
    await desk.paper.admin("POST", "reset", {});
    await hedge(false);
  });
});

describe("a stop that cannot be placed", () => {
  test.each([
    ["500", { kind: "http", status: 500 }],
    ["nobody answers", { kind: "lost_request" }],
    ["503 unavailable", { kind: "unavailable", text: "unavailable" }],
    ["-4045", { kind: "error", code: -4045 }],
    ["-2015", { kind: "error", code: -2015 }],
  ])(
    "%s: the entry settles in time with its one result; the stop is counted, and placed later",
    async (_why, effect) => {
      await faults({ match: PLACE, effect });
      const startedMs = performance.now();
      const { intentId, own } = await trade();
      expect(performance.now() - startedMs).toBeLessThan(30_000);
      expect(own.map((result) => result.status)).toEqual(["filled"]);
      expect(await resting()).toEqual([]);
      expect(await statistic("stop:missing")).toBe(1);
      expect(await missing()).toEqual([`${desk.server.keys.positionPlanPrefix}ETHUSDT`]);
      await desk.paper.clearFaults();
      await mendUntil("the stop rests", async () => (await missing()).length === 0);
      expect((await resting()).map((order) => order.clientAlgoId)).toEqual([protectiveStopId(intentId)]);
      expect(await statistic("stops_mended")).toBe(1);
    },
    120_000,
  );

  test("is not missed any more when somebody else has placed one", async () => {
    await faults({ match: PLACE, count: 1, effect: { kind: "error", code: -4014 } });
    await trade();
    const stop = {
      algoType: "CONDITIONAL",
      symbol: "ETHUSDT",
      side: "SELL",
      type: "STOP_MARKET",
      triggerPrice: "2985",
    };
    const placed = await desk.paper.call("POST", "/fapi/v1/algoOrder", {
      ...stop,
      closePosition: true,
      clientAlgoId: "brain",
    });
    expect(placed.status).toBe(200);
    await mendUntil("it is off the list", async () => (await missing()).length === 0);
    expect((await resting()).map((order) => order.clientAlgoId)).toEqual(["brain"]);
  });

  test("is not missed any more when the position is gone, or its plan", async () => {
    const { client, keys } = desk.server;
    await faults({ match: PLACE, effect: { kind: "error", code: -4014 } });
    await trade();
    await client.command(["DEL", `${keys.positionPlanPrefix}ETHUSDT`]);
    await mendUntil("it is off the list", async () => (await missing()).length === 0);
    expect(await resting()).toEqual([]);
  });

  test("and that the mark has passed meanwhile ends in an exit", async () => {
    await faults({ match: PLACE, count: 1, effect: { kind: "error", code: -4014 } });
    await trade();
    await desk.paper.setPrice("ETHUSDT", "2950");
    await mendUntil("it is off the list", async () => (await missing()).length === 0);
    expect(await exits()).toHaveLength(1);
  });
});

test("a stop is missed on where another entry has taken its place while it was placed", async () => {
  const { client, keys } = desk.server;
  const plan = `${keys.positionPlanPrefix}ETHUSDT`;
  await faults({ match: PLACE, count: 1, effect: { kind: "error", code: -4014 } });
  await trade();
  const before = await client.flat("HGETALL", plan);
  let looks = 0;
  const exchange: Exchange = {
    ...desk.parts.exchange,
    openAlgoOrders: async (symbol) => {
      looks += 1;
      if (looks === 1) await client.command(["HSET", plan, "intent_id", "later"]);
      return looks === 1 ? { ok: true, value: [] } : desk.parts.exchange.openAlgoOrders(symbol);
    },
  };
  const over = new AbortController();
  const clock = {
    ...desk.parts.clock,
    sleep: async () => void (looks === 1 && over.abort()),
  };
  await mendStops({ ...desk.parts, exchange, clock, missing: { set: () => undefined } }, over.signal);
  expect([looks, before.includes("later")]).toEqual([1, false]);
  expect(await missing()).toEqual([plan]);
});

test("an entry asks for room for its stop, too; an exit, and an entry without a stop, for one order", async () => {
  const asked: string[] = [];
  const { exchange, rules } = desk.parts;
  const admit: typeof exchange.admit = (kind, cost) => {
    asked.push(`${kind} ${cost.orders}`);
    return exchange.admit(kind, cost);
  };
  const counting = { exchange: { ...exchange, admit } };
  await desk.withParts(counting, () => trade());
  await desk.withParts({ ...counting, rules: { ...rules, protectiveStop: "none" } }, () => trade());
  const exit = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null });
  await desk.withParts(counting, async () => desk.handle(await desk.publish(exit, "exit"), "exit"));
  expect(asked).toEqual(["entry 2", "entry 1", "exit 1"]);
});
