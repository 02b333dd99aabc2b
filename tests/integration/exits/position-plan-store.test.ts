import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import type { StoredPlan } from "../../../lib/contract/position-plan.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { createPlanStore } from "../../../lib/exits/position-plan-store.ts";
import { ensureLibrary } from "../../../lib/kernel/library.ts";
import { connectRedis, type RedisConnection } from "../../../lib/redis/connection.ts";
import { recordReply } from "../../../lib/redis/reply.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";

const HOLD_MS = 300_000;
const keys = keysOf("{acct-7}");
const planKey = `${keys.positionPlanPrefix}ETHUSDT`;
const lastTradeKey = `${keys.gateLastTradePrefix}ETHUSDT`;

let server: RedisServer;
let redis: RedisConnection;
beforeAll(async () => {
  server = await startRedisServer();
  const common = { clock: systemClock, random: Math.random, log: keptLog() };
  redis = connectRedis({
    url: server.url,
    name: "test",
    deadlineMs: 20_000,
    ...common,
    onConnected: ensureLibrary,
  });
  await redis.whenReady();
});
afterAll(async () => {
  await redis.close();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await redis.command(["FLUSHALL"]);
});

const store = (holdMinMs = HOLD_MS) => createPlanStore(redis, keys, holdMinMs);
const plan = async () => recordReply(await redis.command(["HGETALL", planKey]));
const settled = (openedAt: string) =>
  redis.command(["HSET", planKey, "opened_at", openedAt, "intent_id", "settled"]);

const adopted: StoredPlan = {
  intent_id: "adopted",
  symbol: "ETHUSDT",
  position_side: "BOTH",
  side: "LONG",
  quantity: "1",
  entry_price: "100",
  stop_loss: "98",
  take_profit: "104",
  trail_percent: "",
  opened_at: "2000",
  max_hold_sec: "60",
};

describe("adopting", () => {
  test("stores the plan where there is none, as execution stores one", async () => {
    expect(await store().adopt(adopted, null)).toBe("written");
    expect<object>(await plan()).toEqual(adopted);
    expect(await redis.command(["TTL", planKey])).toBe(-1);
  });

  test("keeps what was settled meanwhile", async () => {
    await settled("1000");
    expect(await store().adopt(adopted, null)).toBe("kept");
    expect(await store().adopt(adopted, "999")).toBe("kept");
    expect(await plan()).toEqual({ opened_at: "1000", intent_id: "settled" });
  });

  test("replaces the very plan that was found unfit, whole", async () => {
    await redis.command(["HSET", planKey, "opened_at", "1000", "mark_extreme", "7"]);
    expect(await store().adopt(adopted, "1000")).toBe("written");
    expect<object>(await plan()).toEqual(adopted);
  });

  test.each([
    ["a key of another type", ["SET", planKey, "x"], ""],
    ["a plan without a time", ["HSET", planKey, "side", "UP"], ""],
  ])("replaces %s", async (_what, command, replaces) => {
    await redis.command(command);
    expect(await store().adopt(adopted, replaces)).toBe("written");
    expect<object>(await plan()).toEqual(adopted);
  });
});

describe("closing", () => {
  const close = { key: "ETHUSDT", symbol: "ETHUSDT", closedAtMs: 5000, seenAtMs: 6000 };

  test("stamps the last trade for the cooldown and deletes the plan", async () => {
    await settled("1000");
    expect(await store().close(close)).toBe("written");
    expect(await plan()).toEqual({});
    expect(await redis.command(["GET", lastTradeKey])).toBe("5000");
    expect(Number(await redis.command(["PTTL", lastTradeKey]))).toBeWithin(HOLD_MS - 5000, HOLD_MS + 1);
  });

  test.each([["6000"], ["7000"]])(
    "never deletes the plan of an entry that filled at %s, when zero was seen at 6000",
    async (openedAt) => {
      await settled(openedAt);
      expect(await store().close(close)).toBe("kept");
      expect(await plan()).toMatchObject({ intent_id: "settled" });
    },
  );

  test("never moves the last trade back", async () => {
    await redis.command(["SET", lastTradeKey, "5001"]);
    await store().close(close);
    expect(await redis.command(["GET", lastTradeKey])).toBe("5001");
  });

  test("of one side in hedge mode stamps the symbol, whose cooldown it is", async () => {
    await store().close({ ...close, key: "ETHUSDT:LONG" });
    expect(await redis.command(["GET", lastTradeKey])).toBe("5000");
  });

  test("leaves no last trade where there is no cooldown", async () => {
    await store(0).close(close);
    expect(await redis.command(["EXISTS", lastTradeKey])).toBe(0);
  });

  test("is not stopped by keys of another type", async () => {
    await redis.command(["LPUSH", lastTradeKey, "x"]);
    await redis.command(["LPUSH", planKey, "x"]);
    expect(await store().close(close)).toBe("written");
    expect(await redis.command(["GET", lastTradeKey])).toBe("5000");
    expect(await redis.command(["EXISTS", planKey])).toBe(0);
  });
});

describe("noting the best mark", () => {
  test("adds it to the plan it belongs to", async () => {
    await settled("1000");
    expect(await store().noteExtreme("ETHUSDT", 1000, "104.5")).toBe("written");
    expect(await plan()).toEqual({ opened_at: "1000", intent_id: "settled", mark_extreme: "104.5" });
  });

  test.each([
    ["another plan", () => settled("1001")],
    ["no plan", () => redis.command(["DEL", planKey])],
    ["a key of another type", () => redis.command(["SET", planKey, "x"])],
  ])("leaves %s alone", async (_what, arrange) => {
    await arrange();
    expect(await store().noteExtreme("ETHUSDT", 1000, "104.5")).toBe("kept");
    expect(await redis.command(["HEXISTS", planKey, "mark_extreme"]).catch(() => 0)).toBe(0);
  });
});

test("a call that the server sees after its deadline changes nothing", async () => {
  const late = createPlanStore(
    { ...asCommands(), serverNowMs: () => redis.serverNowMs() - 60_000 },
    keys,
    HOLD_MS,
  );
  await settled("1000");
  expect(await late.adopt(adopted, "1000")).toBe("expired");
  expect(await late.noteExtreme("ETHUSDT", 1000, "1")).toBe("expired");
  expect(await late.close({ key: "ETHUSDT", symbol: "ETHUSDT", closedAtMs: 1, seenAtMs: 9999 })).toBe(
    "expired",
  );
  expect(await plan()).toEqual({ opened_at: "1000", intent_id: "settled" });
  expect(await redis.command(["EXISTS", lastTradeKey])).toBe(0);
});

function asCommands() {
  const { deadlineMs } = redis;
  const command: RedisConnection["command"] = (args, how) => redis.command(args, how);
  return { command, deadlineMs };
}
