import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { z } from "zod";
import { summariseFills } from "../../../lib/exchange/summarise-fills.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

/** The largest market order that the venue takes, ETH. */
const MAX = 2000;

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ settings: { PAPER_BALANCE_USD: "100000000" } });
});
afterAll(async () => await desk[Symbol.asyncDispose]());

/** A long of 2.5 times that, opened in parts. */
beforeEach(async () => {
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.setPrice("ETHUSDT", "3000");
  await desk.emptyRedis();
  for (const quantity of [MAX, MAX, MAX / 2]) {
    const order = { symbol: "ETHUSDT", side: "BUY", type: "MARKET", quantity };
    const reply = await desk.paper.call("POST", "/fapi/v1/order", order);
    expect(reply.body).toMatchObject({ status: "NEW" });
  }
});

const entriesSchema = z.array(z.tuple([z.string(), z.tuple([z.literal("data"), z.string()])]));

async function exit(change: object = {}) {
  const intent = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null, ...change });
  await desk.handle(await desk.publish(intent, "exit"), "exit");
  return { result: (await desk.results()).at(-1) };
}

async function listed() {
  const { client, keys } = desk.server;
  const reply = await client.command(["XRANGE", keys.exitIntentStream, "-", "+"]);
  return entriesSchema.parse(reply).map(([id, [, data]]) => ({ id, fields: { data } }));
}

/** Handles what execution published by itself, as its lane does, until nothing more comes. */
async function followUps(from: number) {
  const ended = [];
  for (let at = from; at < (await listed()).length; at += 1) {
    const entry = (await listed())[at];
    if (entry === undefined) break;
    await desk.handle(entry, "exit");
    ended.push((await desk.results()).at(-1));
  }
  return ended;
}

test("a CLOSE beyond the largest market order says what rests and under which id, and the whole position is closed", async () => {
  const { result } = await exit();
  expect(result).toMatchObject({ status: "partial", quantity: String(MAX) });
  const next = /follows as intent ([0-9a-f]{32})$/.exec(result?.reason ?? "")?.[1];
  expect(result?.reason).toStartWith("ABOVE_MARKET_MAX: what is open");
  const ended = await followUps(1);
  expect(ended[0]?.intent_id).toBe(next ?? "");
  expect(ended.map((one) => [one?.status, one?.quantity])).toEqual([
    ["partial", "2000"],
    ["filled", "1000"],
  ]);
  expect(ended.every((one) => one?.trace_id === result?.trace_id)).toBe(true);
  expect(await desk.position()).toBe(0);
});

test.each([
  ["quantity", { quantity: "4500" }],
  ["size in USD", { position_size_usd: "13500000" }],
])("a given %s beyond it is closed, and no more", async (_name, change) => {
  const { result } = await exit({ action: "SELL", ...change });
  expect(result?.reason).toStartWith("ABOVE_MARKET_MAX: 2500 follows");
  expect((await followUps(1)).map((one) => [one?.status, one?.quantity])).toEqual([
    ["partial", "2000"],
    ["filled", "500"],
  ]);
  expect(await desk.position()).toBe(500);
});

test("what fits into one order is not followed by anything", async () => {
  expect((await exit({ action: "SELL", quantity: "2000" })).result).toMatchObject({ status: "filled" });
  expect(await listed()).toHaveLength(1);
});

test("of a position of exactly that size nothing rests", async () => {
  await exit({ action: "SELL", quantity: "1000" });
  await exit({ action: "SELL", quantity: "2000" });
  const { clock } = desk.parts;
  // A busy machine takes its time over the reading that tells.
  const sleep: typeof clock.sleep = (ms, signal) => clock.sleep(ms * 20, signal);
  const { result } = await desk.withParts({ clock: { ...clock, sleep } }, () => exit());
  expect(result).toMatchObject({ status: "filled", quantity: "2000" });
  expect(await listed()).toHaveLength(3);
  expect(await desk.position()).toBe(0);
});

test("a process that died after its order goes on the same", async () => {
  const { exchange } = desk.parts;
  const submitOrder: typeof exchange.submitOrder = async (...call) => {
    await exchange.submitOrder(...call);
    throw new Error("killed");
  };
  const intent = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null });
  const entry = await desk.publish(intent, "exit");
  const dying = { exchange: { ...exchange, submitOrder } };
  expect(await desk.withParts(dying, () => desk.handle(entry, "exit"))).toBe("later");
  await desk.withParts({ owner: "desk:next" }, () => desk.handle(entry, "exit"));
  expect((await desk.results()).map((one) => one.status)).toEqual(["partial"]);
  expect((await followUps(1)).map((one) => one?.quantity)).toEqual(["2000", "1000"]);
  expect(await desk.position()).toBe(0);
});

test("the rest does not wait for the trades of what was closed, which the venue does not list", async () => {
  const { clock, exchange } = desk.parts;
  let waitedMs = 0;
  const waiting = {
    monotonicMs: () => clock.monotonicMs() + waitedMs,
    sleep: async (ms: number) => {
      waitedMs += ms;
      await Bun.sleep(1);
    },
  };
  const positions = await exchange.positions("ETHUSDT");
  const venue = {
    ...exchange,
    positions: async () => positions,
    fillsOf: async () => ({ ok: true as const, value: summariseFills([], () => undefined) }),
  };
  const { result } = await desk.withParts({ clock: waiting, exchange: venue }, () => exit());
  expect(result).toMatchObject({ status: "partial", quantity: String(MAX) });
  expect(result?.reason).toContain("ABOVE_MARKET_MAX");
  expect(waitedMs).toBeLessThan(3000);
});

test("nor for a reading of positions that hangs", async () => {
  const { exchange } = desk.parts;
  let reads = 0;
  const positions: typeof exchange.positions = (...of) => {
    reads += 1;
    return reads === 1 ? exchange.positions(...of) : new Promise(() => undefined);
  };
  const { result } = await desk.withParts({ exchange: { ...exchange, positions } }, () => exit());
  expect(reads).toBe(2);
  expect(result?.reason).toContain("ABOVE_MARKET_MAX");
  expect((await followUps(1)).map((one) => one?.quantity)).toEqual(["2000", "1000"]);
});
