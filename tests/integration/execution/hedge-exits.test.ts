import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { z } from "zod";
import { classifyOutcome } from "../../../lib/exchange/classify-outcome.ts";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ settings: { PAPER_ORDER_LIMIT_10S: 1_000_000, PAPER_ORDER_LIMIT_1M: 1_000_000 } });
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.emptyRedis();
  await desk.paper.setPrice("ETHUSDT", "3000");
});
afterEach(async () => {
  await desk.paper.clearFaults();
  await oneWay();
});

const setDual = () => desk.paper.call("POST", "/fapi/v1/positionSide/dual", { dualSidePosition: true });
async function hedgeMode(): Promise<void> {
  await setDual();
  await desk.parts.exchange.connect();
}
async function oneWay(): Promise<void> {
  await desk.paper.admin("POST", "reset", {});
  await desk.parts.exchange.connect();
}

const open = (positionSide: "LONG" | "SHORT", quantity: string) =>
  desk.paper.call("POST", "/fapi/v1/order", {
    symbol: "ETHUSDT",
    side: positionSide === "LONG" ? "BUY" : "SELL",
    positionSide,
    type: "MARKET",
    quantity,
  });

const positionsSchema = z.object({
  positions: z.array(
    z.looseObject({ symbol: z.string(), positionSide: z.string(), positionAmt: z.string() }),
  ),
});

/** What is open of ETHUSDT, by its side. */
async function openNow(): Promise<Record<string, number>> {
  const { positions } = positionsSchema.parse(await desk.paper.read("state"));
  return Object.fromEntries(
    positions
      .filter((one) => one.symbol === "ETHUSDT" && Number(one.positionAmt) !== 0)
      .map((one) => [one.positionSide, Math.abs(Number(one.positionAmt))]),
  );
}

async function exit(change: object = {}) {
  const intent = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null, ...change });
  await desk.handle(await desk.publish(intent, "exit"), "exit");
  return (await desk.results()).at(-1);
}

test("a CLOSE must say which side is meant when both are open; a SELL closes the long", async () => {
  await hedgeMode();
  await open("LONG", "0.2");
  await open("SHORT", "0.3");
  expect((await exit())?.reason).toStartWith("POSITION_AMBIGUOUS");
  expect(await exit({ action: "SELL" })).toMatchObject({ status: "filled", quantity: "0.2" });
  expect(await exit()).toMatchObject({ status: "filled", quantity: "0.3" });
  expect(await openNow()).toEqual({});
});

test("set behind our back, an entry is rejected, once, and an exit closes all the same", async () => {
  await setDual();
  const enter = async () => {
    await desk.handle(await desk.publish(soundIntent()));
    return (await desk.results()).at(-1);
  };
  expect((await enter())?.reason).toStartWith("VENUE_REJECTED: -4061");
  expect(await enter()).toMatchObject({ status: "filled" });
  await oneWay();
  await setDual();
  await open("LONG", "0.2");
  const match = { method: "GET", path: "/fapi/v3/positionRisk" };
  const rule = { match, count: 1000, effect: { kind: "http", status: 500 } };
  await desk.paper.admin("POST", "faults", { rules: [rule] });
  expect(await exit({ action: "SELL", quantity: "0.2" })).toMatchObject({ status: "filled" });
  expect(await openNow()).toEqual({});
});

describe("an exit whose first reading lags a fill", () => {
  const plan = (side: "LONG" | "SHORT", openedAtMs: number) => {
    const key = `${desk.parts.keys.positionPlanPrefix}ETHUSDT:${side}`;
    return desk.server.client.command(["HSET", key, "opened_at", String(openedAtMs)]);
  };
  const nowMs = () => Math.floor(desk.parts.exchange.serverNowMs());

  /** An exit whose first reading of the positions lacks everything; `meanwhile`: before the second. */
  const exitByLaggingReading = async (change: object, meanwhile: () => Promise<void>) => {
    const { exchange } = desk.parts;
    let reads = 0;
    const positions: typeof exchange.positions = async (...of) => {
      reads += 1;
      if (reads === 1) return { ok: true, value: [] };
      if (reads === 2) await meanwhile();
      return exchange.positions(...of);
    };
    const result = await desk.withParts({ exchange: { ...exchange, positions } }, () => exit(change));
    return { result, reads };
  };

  test("is not denied for the other side's plan", async () => {
    await hedgeMode();
    await open("LONG", "0.2");
    await open("SHORT", "0.3");
    const openedAtMs = nowMs();
    await plan("LONG", openedAtMs);
    await plan("SHORT", openedAtMs + 1);
    const { result } = await exitByLaggingReading({ action: "BUY" }, async () => {});
    expect(result).toMatchObject({ status: "filled", quantity: "0.3" });
    expect(await openNow()).toEqual({ LONG: 0.2 });
  }, 20_000);

  test("closes either side, where it may and both were just opened", async () => {
    await hedgeMode();
    const openedAtMs = nowMs();
    await plan("LONG", openedAtMs);
    await plan("SHORT", openedAtMs + 1);
    await open("SHORT", "0.3");
    const { result } = await exitByLaggingReading({}, async () => {});
    expect(result).toMatchObject({ status: "filled", quantity: "0.3" });
  }, 20_000);

  test.each([
    ["on the side it waits for", "SHORT", "POSITION_CHANGED"],
    ["on the other side", "LONG", "NOTHING_TO_REDUCE"],
  ] as const)(
    "leaves alone what is opened %s while it waits",
    async (_name, opened, reason) => {
      await hedgeMode();
      const openedAtMs = nowMs();
      await plan("SHORT", openedAtMs);
      const { result } = await exitByLaggingReading({}, async () => {
        await open(opened, "0.3");
        await plan(opened, openedAtMs + 1);
      });
      expect(result?.reason).toStartWith(reason);
      expect(await openNow()).toEqual({ [opened]: 0.3 });
    },
    20_000,
  );

  test("does not wait for the side that it does not close", async () => {
    await hedgeMode();
    await plan("SHORT", nowMs());
    const { result, reads } = await exitByLaggingReading({ action: "SELL" }, async () => {});
    expect(result?.reason).toStartWith("NOTHING_TO_REDUCE");
    expect(reads).toBe(1);
  });
});

test("a CLOSE that is sent again closes the side that it meant first, and not what was opened meanwhile", async () => {
  await hedgeMode();
  await open("LONG", "0.2");
  const answer = { kind: "reply", status: 400, body: '{"code":-2022,"msg":""}', retryAfter: null } as const;
  const outcome = classifyOutcome({ method: "POST", answer, nowMs: 0 });
  let sent = 0;
  const submitOrder: Exchange["submitOrder"] = async (order, signing) => {
    sent += 1;
    if (sent > 1) return desk.parts.exchange.submitOrder(order, signing);
    const close = { symbol: "ETHUSDT", side: "SELL", positionSide: "LONG", type: "MARKET", quantity: "0.2" };
    await desk.paper.call("POST", "/fapi/v1/order", close);
    await open("SHORT", "0.1");
    return { phase: "rejected", retryable: false, outcome };
  };
  const exchange = { ...desk.parts.exchange, submitOrder };
  const result = await desk.withParts({ exchange, recvWindowMs: 500 }, () => exit());
  expect(result).toMatchObject({ status: "rejected" });
  expect([sent, await openNow()]).toEqual([1, { SHORT: 0.1 }]);
});
