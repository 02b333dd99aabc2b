import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { ExecutionParts } from "../../../lib/execution/execution-parts.ts";
import type { FunctionCaller } from "../../../lib/kernel/function-call.ts";
import { RedisReplyError } from "../../../lib/redis/redis-errors.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.emptyRedis();
  // The leverage of what follows stands: the first entry of a symbol sets it.
  await desk.handle(await desk.publish(soundIntent()));
  await desk.emptyRedis();
});

type Command = FunctionCaller["command"];

/** Redis, each of whose commands `command` makes. */
function redisBy(command: Command): FunctionCaller {
  const { client } = desk.server;
  return { deadlineMs: client.deadlineMs, serverNowMs: () => client.serverNowMs(), command };
}

/** Redis that notes, for each command until the order, how many replies had come before it was sent. */
function counted() {
  const sent: { readonly command: string; readonly afterReplies: number }[] = [];
  let replies = 0;
  let ordered = false;
  const redis = redisBy(async (args) => {
    const command = (args[0] === "FCALL" ? args[1] : args[0]) ?? "";
    if (!ordered) sent.push({ command, afterReplies: replies });
    const reply = await desk.server.client.command(args);
    replies += 1;
    return reply;
  });
  const exchange: ExecutionParts["exchange"] = {
    ...desk.parts.exchange,
    submitOrder: (...order) => {
      ordered = true;
      return desk.parts.exchange.submitOrder(...order);
    },
  };
  return { sent, parts: { redis, exchange } };
}

async function commandsUntilOrder(change: Partial<ExecutionParts>, intent = soundIntent()) {
  const { sent, parts } = counted();
  const entry = await desk.publish(intent);
  await desk.withParts({ ...parts, ...change }, () => desk.handle(entry));
  return sent;
}

const ledgerField = async (field: string) => {
  const { client, keys } = desk.server;
  const [ledger = ""] = await client.flat("KEYS", `${keys.orderLedgerPrefix}*`);
  return client.text("HGET", ledger, field);
};
const statuses = async () => (await desk.results()).map(({ status }) => status);
const tradedJustNow = () =>
  desk.server.client.command(["SET", `${desk.server.keys.gateLastTradePrefix}ETHUSDT`, String(Date.now())]);
const withRules = (rules: Partial<ExecutionParts["rules"]>) => ({ rules: { ...desk.parts.rules, ...rules } });
const cooling = (gates: "enforce" | "audit") =>
  withRules({
    ...{ gates, holdMinMs: 60_000, tradesMax: 0 },
    gateLimits: { ...desk.parts.rules.gateLimits, MIN_HOLD_SECONDS: 60, MAX_TRADES_10MIN: 0 },
  });

test("between an entry's reading and its order lies one round trip to Redis", async () => {
  expect(await commandsUntilOrder({})).toEqual([{ command: "begin_v1", afterReplies: 0 }]);
  expect(await statuses()).toEqual(["filled"]);
});

test("an entry whose leverage must be set first is received before anything is sent to the venue", async () => {
  const sent = await commandsUntilOrder({ leverageStands: () => false });
  expect(sent.map(({ command }) => command)).toEqual(["receive_v1", "GET", "ZCOUNT", "submit_v1"]);
  expect(sent.map(({ afterReplies }) => afterReplies)).toEqual([0, 0, 0, 3]);
  expect(await statuses()).toEqual(["filled"]);
});

test.each([
  ["at once", true],
  ["the long way", false],
])(
  "an entry that goes %s is held with the numbers of the gate, whatever else stops it",
  async (_way, stands) => {
    await tradedJustNow();
    await desk.server.client.command(["SET", desk.server.keys.kill, "1"]);
    const entry = await desk.publish(soundIntent());
    await desk.withParts({ ...cooling("enforce"), leverageStands: () => stands }, () => desk.handle(entry));
    const [result] = await desk.results();
    expect(result).toMatchObject({ status: "gate_blocked", order_id: "BLOCKED_COOLDOWN" });
    expect(result?.reason).toMatch(/^COOLDOWN: sinceTradeMs=\d+ minHoldSeconds=60$/);
  },
);

test.each([
  ["at once", true],
  ["the long way", false],
])(
  "audit counts every gate that an entry passes %s, its own slot not among the trades",
  async (_way, stands) => {
    await tradedJustNow();
    const { client, keys } = desk.server;
    const entry = await desk.publish(soundIntent({ model: "nobody" }));
    await desk.withParts({ ...cooling("audit"), leverageStands: () => stands }, () => desk.handle(entry));
    expect(await statuses()).toEqual(["filled"]);
    const would = ["COOLDOWN", "RATE_LIMIT", "MODEL_REGIME_MISMATCH"].map((reason) => `would_hold:${reason}`);
    expect(await client.command(["HMGET", `${keys.statsPrefix}execution`, ...would])).toEqual([
      "1",
      "1",
      "1",
    ]);
  },
);

test("audit lets an entry pass whose trades cannot be read ahead of the call", async () => {
  const failing = redisBy(async (args) => {
    if (args[0] === "ZCOUNT") throw new RedisReplyError("WRONGTYPE for the test");
    return desk.server.client.command(args);
  });
  const entry = await desk.publish(soundIntent());
  await desk.withParts({ ...withRules({ gates: "audit" }), redis: failing }, () => desk.handle(entry));
  expect(await statuses()).toEqual(["filled"]);
});

test("the kill switch denies an entry that goes at once, and nothing is sent", async () => {
  const { client, keys } = desk.server;
  await client.command(["SET", keys.kill, "1"]);
  const before = (await desk.executed()).length;
  const sent = (await commandsUntilOrder({})).map(({ command }) => command);
  expect(sent).toEqual(["begin_v1", "GET", "ZCOUNT", "submit_v1", "settle_v1"]);
  expect((await desk.results())[0]).toMatchObject({ status: "denied", order_id: "BLOCKED_KILL_SWITCH" });
  expect(await desk.executed()).toHaveLength(before);
});

test("an order in doubt is taken over although Redis, out of memory, refuses to begin entries", async () => {
  const { client, keys } = desk.server;
  const outOfMemory = redisBy(async (args) => {
    if (args[1] === "begin_v1") throw new RedisReplyError("OOM command not allowed");
    return client.command(args);
  });
  const entry = await desk.publish(soundIntent());
  const dying = redisBy(async (args) => {
    if (args[1] === "settle_v1") throw new RedisReplyError("LOADING for the test");
    return client.command(args);
  });
  const dies = desk.withParts({ redis: dying, isRedisOutage: () => true }, () => desk.handle(entry));
  expect(await dies.then(() => "handled", String)).toContain("LOADING");
  expect(await ledgerField("state")).toBe("SUBMITTING");
  await desk.withParts({ redis: outOfMemory, owner: "desk:next" }, () => desk.handle(entry));
  expect(await statuses()).toEqual(["filled"]);
  expect(await client.command(["ZCARD", keys.openOrders])).toBe(0);
});

test("a mistake of ours before the ledger was asked is counted in it all the same", async () => {
  const entry = await desk.publish(soundIntent());
  const markOf = () => {
    throw new Error("for the test");
  };
  expect(await desk.withParts({ markOf }, () => desk.handle(entry))).toBe("later");
  expect(await ledgerField("failures")).toBe("1");
});

test("trades that cannot be read count against an entry once it is received, and never end another's", async () => {
  const { client, keys } = desk.server;
  const intent = soundIntent();
  const [first, again] = [await desk.publish(intent), await desk.publish(intent)];
  await client.command(["SET", keys.gateTrades, "no sorted set"]);
  expect(await desk.handle(first)).toBe("later");
  expect(await ledgerField("failures")).toBe("1");
  expect(await desk.handle(again)).toBe("done");
  expect(await ledgerField("failures")).toBe("1");
  expect(await statuses()).toEqual(["duplicate"]);
  await client.command(["DEL", keys.gateTrades]);
  expect(await desk.handle(first)).toBe("done");
  expect(await statuses()).toEqual(["duplicate", "filled"]);
});
