import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { clearedHalt } from "../../../lib/contract/trading-state.ts";
import { haltFileStands } from "../../../lib/daemon/halt-file.ts";
import { encodeFields } from "../../../lib/redis/stream-entry.ts";
import { BRISK, type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
let folder: string;
beforeAll(async () => {
  const settings = { PAPER_ORDER_LIMIT_10S: 1_000_000, PAPER_ORDER_LIMIT_1M: 1_000_000 };
  desk = await openDesk({ settings }, BRISK);
  folder = await mkdtemp(join(tmpdir(), "halt-"));
});
afterAll(async () => {
  await desk[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await desk.paper.clearFaults();
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.setPrice("ETHUSDT", "3000");
  await desk.emptyRedis();
  await rm(haltFile(), { force: true });
});

const haltFile = () => join(folder, "halted");
const redis = (...command: string[]) => desk.server.client.command(command);
const state = () => desk.server.keys.tradingState;

/** Everything that halts, and what cannot be read counts as halted, too. */
const HALTS = [
  ["a panic's halt", () => redis("HSET", state(), "halted", "true")],
  ["a halt of the wrong type", () => redis("SET", state(), "false")],
  ["the halt file", () => writeFile(haltFile(), "{}")],
] as const;

/** The desk with the halt file looked at, as the daemon does; a path behind a file cannot be read. */
function handle(intent: object, lane: "entry" | "exit" = "entry", file = haltFile()) {
  const entriesStopped = () => (haltFileStands(file) ? ("TRADING_HALTED" as const) : undefined);
  return desk.withParts({ entriesStopped }, async () => {
    await desk.handle(await desk.publish(intent, lane), lane);
    return (await desk.results()).at(-1);
  });
}

const requestsSchema = z.looseObject({ orders: z.array(z.looseObject({ endpoint: z.string() })) });

async function ordersSent(): Promise<number> {
  const { orders } = requestsSchema.parse(await desk.paper.read("requests"));
  return orders.filter(({ endpoint }) => endpoint === "POST /fapi/v1/order").length;
}

/** The next order meets this, and the halt is there before anything follows. */
async function haltAfterFirst(effect: object, halt: () => Promise<unknown>) {
  const rules = [{ match: { method: "POST", path: "/fapi/v1/order" }, count: 1, effect }];
  await desk.paper.admin("POST", "faults", { rules });
  const { exchange } = desk.parts;
  const submitOrder: typeof exchange.submitOrder = async (...call) => {
    const outcome = await exchange.submitOrder(...call);
    await halt();
    return outcome;
  };
  const entriesStopped = () => (haltFileStands(haltFile()) ? ("TRADING_HALTED" as const) : undefined);
  return desk.withParts({ exchange: { ...exchange, submitOrder }, entriesStopped }, async () => {
    await desk.handle(await desk.publish(soundIntent()));
    return (await desk.results()).at(-1);
  });
}

const DENIED = { status: "denied", order_id: "BLOCKED_TRADING_HALTED" };

const NOT_EXECUTED = [
  ["proved not executed", { kind: "lost_request" }],
  ["that the venue did not take", { kind: "error", code: -1008 }],
  ["whose timestamp was refused", { kind: "error", code: -1021 }],
] as const;

describe.each(HALTS)("%s", (_what, halt) => {
  test("denies an entry before its first attempt", async () => {
    await halt();
    expect(await handle(soundIntent())).toMatchObject(DENIED);
    expect(await ordersSent()).toBe(0);
  });

  test.each(NOT_EXECUTED)(
    "denies the resend of an entry %s",
    async (_why, effect) => {
      expect(await haltAfterFirst(effect, halt)).toMatchObject(DENIED);
      expect(await ordersSent()).toBeLessThanOrEqual(1);
      expect(await desk.executed()).toEqual([]);
    },
    120_000,
  );

  test("denies what a process that died left unsent", async () => {
    const entry = await desk.publish(soundIntent());
    const { exchange } = desk.parts;
    const submitOrder: typeof exchange.submitOrder = () => Promise.reject(new Error("killed"));
    await desk.withParts({ exchange: { ...exchange, submitOrder } }, () => desk.handle(entry));
    await halt();
    const entriesStopped = () => (haltFileStands(haltFile()) ? ("TRADING_HALTED" as const) : undefined);
    await desk.withParts({ entriesStopped, owner: "desk:next" }, () => desk.handle(entry));
    expect((await desk.results()).at(-1)).toMatchObject(DENIED);
    expect(await ordersSent()).toBe(0);
  }, 120_000);

  test("lets a reduce-only order pass", async () => {
    expect((await handle(soundIntent()))?.status).toBe("filled");
    await halt();
    const exit = soundIntent({ action: "SELL", reduce_only: true, quantity: "0.1" });
    expect(await handle(exit, "exit")).toMatchObject({ status: "filled", quantity: "0.1" });
  });

  test("does not undo what filled before it: the result is true, and its stop rests", async () => {
    expect(await haltAfterFirst({ kind: "lost_reply" }, halt)).toMatchObject({ status: "filled" });
    const algos = z.array(z.unknown()).parse((await desk.paper.call("GET", "/fapi/v1/openAlgoOrders")).body);
    expect(algos).toHaveLength(1);
  });
});

test.each(NOT_EXECUTED)(
  "an entry of before a halt, %s, is not sent after the clearing",
  async (_why, effect) => {
    const cleared = async () => {
      await redis("HSET", state(), "halted", "true");
      const clearing = clearedHalt({ who: "anna", atMs: Date.now(), through: "0-0" });
      await redis("HSET", state(), ...encodeFields(clearing));
    };
    expect(await haltAfterFirst(effect, cleared)).toMatchObject(DENIED);
    expect(await desk.executed()).toEqual([]);
    expect(await handle(soundIntent())).toMatchObject({ status: "filled" });
  },
);

test("a halt file that cannot be looked at counts as there", async () => {
  await writeFile(join(folder, "no-folder"), "");
  expect(await handle(soundIntent(), "entry", join(folder, "no-folder", "halted"))).toMatchObject(DENIED);
});

test("a halt file that appears while Redis is asked is still seen before the order goes out", async () => {
  const { client } = desk.server;
  const command: typeof client.command = async (args) => {
    const reply = await client.command(args);
    if (args[1] === "begin_v1" || args[1] === "submit_v1") await writeFile(haltFile(), "{}");
    return reply;
  };
  const entriesStopped = () => (haltFileStands(haltFile()) ? ("TRADING_HALTED" as const) : undefined);
  await desk.withParts({ redis: { ...client, command }, entriesStopped }, async () => {
    await desk.handle(await desk.publish(soundIntent()));
  });
  expect((await desk.results()).at(-1)).toMatchObject(DENIED);
  expect(await ordersSent()).toBe(0);
  const { keys } = desk.server;
  expect(await client.command(["HLEN", keys.gateInFlight])).toBe(0);
  expect(await client.command(["ZCARD", keys.openOrders])).toBe(0);
});
