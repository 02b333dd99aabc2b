import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import type { ExecutionParts } from "../../../lib/execution/execution-parts.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ settings: { PAPER_ORDER_LIMIT_10S: 1_000_000, PAPER_ORDER_LIMIT_1M: 1_000_000 } });
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.clearFaults();
  await desk.paper.setPrice("ETHUSDT", "3000");
  await desk.emptyRedis();
});

const trade = (side: "BUY" | "SELL", quantity: string) =>
  desk.paper.call("POST", "/fapi/v1/order", { symbol: "ETHUSDT", side, type: "MARKET", quantity });
const planKey = () => `${desk.parts.keys.positionPlanPrefix}ETHUSDT`;
const recordPlan = (openedAtMs: number, ...more: string[]) =>
  desk.server.client.command(["HSET", planKey(), "opened_at", String(openedAtMs), ...more]);
const deletePlan = () => desk.server.client.command(["DEL", planKey()]);

async function exit(change: object = {}) {
  const intent = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null, ...change });
  await desk.handle(await desk.publish(intent, "exit"), "exit");
  return (await desk.results()).at(-1);
}

/** An exit; `reading`: what the nth reading of the positions says, undefined what the venue does. */
async function exitBy(
  reading: (nth: number) => Promise<Awaited<ReturnType<Exchange["positions"]>> | undefined>,
  change: object = {},
  parts: Partial<ExecutionParts> = {},
) {
  const { exchange } = desk.parts;
  let reads = 0;
  const positions: Exchange["positions"] = async (...of) => {
    reads += 1;
    return (await reading(reads)) ?? exchange.positions(...of);
  };
  const result = await desk.withParts({ ...parts, exchange: { ...exchange, positions } }, () => exit(change));
  return { result, reads };
}

const PATHS = {
  positions: { method: "GET", path: "/fapi/v3/positionRisk" },
  order: { method: "POST", path: "/fapi/v1/order" },
};
const EMPTY = { ok: true, value: [] } as const;
const HOUR_AGO_MS = Date.now() - 3_600_000;

test.each([
  ["a CLOSE", {}],
  ["what follows a stop that was passed", { action: "SELL", position_side: "BOTH", reason: "STOP_PASSED" }],
])(
  "%s is executed by the one reading of a venue that takes longer than an exit waits",
  async (_name, change) => {
    await trade("BUY", "0.2");
    await desk.paper.admin("POST", "faults", {
      rules: [{ match: PATHS.positions, count: 1000, effect: { kind: "latency", ms: 350 } }],
    });
    const { result, reads } = await exitBy(() => Promise.resolve(undefined), change);
    expect(result).toMatchObject({ status: "filled", quantity: "0.2" });
    expect(reads).toBe(1);
  },
  20_000,
);

describe("a CLOSE that is read again days later, from a group that was deleted and made anew,", () => {
  const DAY_MS = 86_400_000;

  test("does not close what was opened after it", async () => {
    await trade("BUY", "0.2");
    await recordPlan(HOUR_AGO_MS);
    expect(await exit({ ts_ms: Date.now() - 3 * DAY_MS })).toMatchObject({
      ...{ status: "rejected", reason: expect.stringContaining("POSITION_CHANGED") },
    });
    expect(await desk.position()).toBe(0.2);
  });

  test.each([
    ["what was open then", Date.now() - 4 * DAY_MS],
    ["what an entry of before it opened late", Date.now() - 3 * DAY_MS + 600_000],
    ["a position that has no plan", undefined],
  ])("closes %s", async (_name, openedAtMs) => {
    await trade("BUY", "0.2");
    if (openedAtMs !== undefined) await recordPlan(openedAtMs);
    expect(await exit({ ts_ms: Date.now() - 3 * DAY_MS })).toMatchObject({ status: "filled" });
    expect(await desk.position()).toBe(0);
  });

  test("of a day whose ledger stands it closes whatever is open", async () => {
    await trade("BUY", "0.2");
    await recordPlan(HOUR_AGO_MS);
    expect(await exit({ ts_ms: Date.now() - DAY_MS / 2 })).toMatchObject({ status: "filled" });
  });
});

describe("that nothing is open", () => {
  test("is not believed of the first reading where a plan is recorded", async () => {
    await trade("BUY", "0.2");
    await recordPlan(HOUR_AGO_MS);
    const { result } = await exitBy(async (nth) => (nth === 1 ? EMPTY : undefined));
    expect(result).toMatchObject({ status: "filled", quantity: "0.2" });
  }, 20_000);

  test("is believed of one that was begun two seconds after the first", async () => {
    await recordPlan(HOUR_AGO_MS);
    const askedAtMs: number[] = [];
    const { result } = await exitBy(async () => {
      askedAtMs.push(desk.parts.clock.monotonicMs());
      return EMPTY;
    });
    expect(result?.reason).toStartWith("NOTHING_TO_REDUCE");
    const [first = 0] = askedAtMs;
    expect((askedAtMs.at(-1) ?? 0) - first).toBeGreaterThanOrEqual(2000);
  }, 20_000);

  test.each([
    ["without a plan", {}, deletePlan],
    ["by another plan than the one that is meant", { opened_at_ms: 1000 }, () => recordPlan(2000)],
    [
      "by the plan of the side that it does not close",
      { action: "SELL" },
      () => recordPlan(2000, "side", "SHORT"),
    ],
  ])("is believed at once %s", async (_name, change, prepare) => {
    await prepare();
    const { result, reads } = await exitBy(async () => EMPTY, change);
    expect(result?.reason).toStartWith("NOTHING_TO_REDUCE");
    expect(reads).toBe(1);
  });

  test("is believed once the plan is gone, and what is opened then is left alone", async () => {
    await recordPlan(HOUR_AGO_MS);
    const { result } = await exitBy(async (nth) => {
      if (nth === 1) return EMPTY;
      await deletePlan();
      await trade("BUY", "0.3");
      return undefined;
    });
    expect(result?.reason).toStartWith("POSITION_CHANGED");
    expect(await desk.position()).toBe(0.3);
  }, 20_000);
});

describe("an exit that waits, and whose plan matched", () => {
  /** The venue is overloaded until the exit is proved a second time; `meanwhile` comes before that. */
  const exitOfOverload = async (meanwhile: () => Promise<unknown>, parts: Partial<ExecutionParts>) => {
    await trade("BUY", "0.2");
    await recordPlan(1000);
    const change = { action: "SELL", quantity: "0.2", opened_at_ms: 1000 };
    await desk.paper.admin("POST", "faults", {
      rules: [{ match: PATHS.order, count: 4, effect: { kind: "error", code: -1008 } }],
    });
    const reading = async (nth: number) => {
      if (nth === 2) await meanwhile();
      return undefined;
    };
    const { result, reads } = await exitBy(reading, change, parts);
    expect(reads).toBeGreaterThan(1);
    return result;
  };

  test("leaves alone what is open once that is gone", async () => {
    const exchangePosition = async () => {
      await desk.paper.clearFaults();
      await deletePlan();
      await trade("SELL", "0.2");
      await trade("BUY", "0.5");
    };
    const result = await exitOfOverload(exchangePosition, { recvWindowMs: 500 });
    expect(result?.reason).toStartWith("POSITION_CHANGED");
    expect(await desk.position()).toBe(0.5);
  }, 30_000);

  test("closes all the same where Redis came back without it", async () => {
    let sinceMs = 1000;
    const meanwhile = async () => {
      await deletePlan();
      sinceMs = 2000;
    };
    const result = await exitOfOverload(meanwhile, { redisSinceMs: () => sinceMs });
    expect(result).toMatchObject({ status: "filled" });
    expect(await desk.position()).toBe(0);
  }, 30_000);
});

describe("a reduction", () => {
  test.each([
    ["in USD is reckoned by the mark", { action: "SELL", position_size_usd: "300" }, "0.1"],
    ["is rounded down to the step", { action: "SELL", position_size_usd: "304.9" }, "0.101"],
    ["is a step at the least", { action: "SELL", position_size_usd: "0.5" }, "0.001"],
    ["is the position at the most", { action: "SELL", position_size_usd: "30000" }, "1"],
    [
      "goes by its quantity where it has both",
      { action: "SELL", quantity: "0.2", position_size_usd: "9" },
      "0.2",
    ],
    ["by CLOSE is of all that is open", { position_size_usd: "300" }, "1"],
  ])("%s", async (_name, change, quantity) => {
    await trade("BUY", "1");
    expect(await exit(change)).toMatchObject({ status: "filled", quantity });
    expect(await desk.position()).toBeCloseTo(1 - Number(quantity), 9);
  });

  test.each([
    ["below zero", { action: "SELL", quantity: "-0.1" }],
    ["of nothing", { action: "SELL", quantity: "0" }],
    ["of nothing, by CLOSE", { quantity: "0" }],
    ["below zero in USD", { action: "SELL", position_size_usd: "-300" }],
  ])("%s is denied, and closes nothing", async (_name, change) => {
    await trade("BUY", "1");
    const result = await exit(change);
    expect(result?.status).toBe("denied");
    expect(result?.reason).toStartWith("NOT_A_NUMBER: field=");
    expect(await desk.position()).toBe(1);
  });
});
