import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { refusedCompletion } from "../../../lib/emergency/worker/build-completion.ts";
import { PanicStore } from "../../../lib/emergency/worker/panic-store.ts";
import { connectRedis, type RedisConnection } from "../../../lib/redis/connection.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";

const keys = keysOf("");
let server: RedisServer;
let redis: RedisConnection;
let store: PanicStore;
beforeAll(async () => {
  server = await startRedisServer();
  const outside = { clock: systemClock, random: Math.random, log: keptLog() };
  redis = connectRedis({ url: server.url, name: "store-test", deadlineMs: 20_000, ...outside });
  await redis.whenReady();
  store = new PanicStore(redis, keys);
});
afterAll(async () => {
  await redis.close();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => redis.command(["FLUSHDB"]));

const panic = (event_id: string) =>
  ({ event_id, reason: "R", severity: "CRITICAL", issued_by: "ops", ts: 1 }) as const;
const completion = (event_id: string) => ({
  ...refusedCompletion(event_id, "", 5),
  ...({ status: "failed", positions_closed: 3 } as const),
});
const publish = (event_id: string) =>
  store.publish({ completion: completion(event_id), final: false, acks: [], haltTaken: true });

test("a panic that is halted again is not published again", async () => {
  expect(await store.halt(panic("p"), 1)).toBe("anew");
  expect(await publish("p")).toBe("published");
  expect(await store.halt(panic("p"), 1)).toBe("stood");
  expect(await publish("p")).toBe("published");
  expect(await redis.command(["XLEN", keys.panicCompletedStream])).toBe(1);
});

test("what a panic closed is told beside its own halt, and beside no other's", async () => {
  await store.halt(panic("p"), 1);
  await store.halt(panic("q"), 2);
  const closed = () => redis.command(["HGET", keys.tradingState, "positions_closed"]);
  await publish("p");
  expect(await closed()).toBe("0");
  await publish("q");
  expect(await closed()).toBe("3");
});

test("a halt takes away who cleared the one before, and when", async () => {
  await redis.command(["HSET", keys.tradingState, "halted", "false", "cleared_by", "a", "cleared_at", "1"]);
  await store.halt(panic("p"), 1);
  expect(await redis.command(["HMGET", keys.tradingState, "cleared_by", "cleared_at"])).toEqual([null, null]);
});
