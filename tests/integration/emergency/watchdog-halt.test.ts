import { afterAll, beforeAll, expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { EntryHalt } from "../../../lib/emergency/watchdog/entry-halt.ts";
import { HaltReader, type HaltView } from "../../../lib/emergency/watchdog/halt-reader.ts";
import { connectRedis, type RedisConnection } from "../../../lib/redis/connection.ts";
import { recordReply } from "../../../lib/redis/reply.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const EVENT = "6f2c1d3a-2b4e-4c55-9d77-0a1b2c3d4e5f";
let server: RedisServer;
let redis: RedisConnection;

beforeAll(async () => {
  server = await startRedisServer();
  redis = connectRedis({
    url: server.url,
    name: "test",
    deadlineMs: 20_000,
    clock: systemClock,
    random: Math.random,
    log: keptLog(),
  });
  await redis.whenReady();
});
afterAll(async () => {
  await redis.close();
  await server[Symbol.asyncDispose]();
});

/** The parts for a namespace of this test's own, whose loops end with the test. */
function standing(namespace: string) {
  const keys = keysOf(namespace);
  const stop = new AbortController();
  const files: string[] = [];
  const shared = { redis, keys, clock: systemClock, log: keptLog() };
  const reader = new HaltReader({ ...shared, latchedEventId: () => EVENT });
  const halt = new EntryHalt({ ...shared, marker: { put: (why) => files.push(why) } });
  void reader.run(stop.signal);
  void halt.run(stop.signal);
  const sees = (view: HaltView) => waitUntil(`the reader sees ${view}`, () => reader.view() === view);
  const state = async () => recordReply(await redis.command(["HGETALL", keys.tradingState]));
  return { keys, files, halt, sees, state, [Symbol.dispose]: () => stop.abort() };
}

test("a halt in Redis is the latched panic's once the worker has recorded that panic, another's, or none", async () => {
  using stand = standing("{halt}");
  const { keys, sees } = stand;
  await redis.command([
    "HSET",
    keys.tradingState,
    "halted",
    "true",
    "source",
    "watchdog",
    "event_id",
    "older",
  ]);
  await sees("other");
  await redis.command(["HSET", keys.panicProcessed, EVENT, "{}"]);
  // A panic that joined a run does not stand in the halt itself.
  await sees("panic");
  await redis.command(["HSET", keys.tradingState, "halted", "false"]);
  await sees("cleared");
  await redis.command(["DEL", keys.panicProcessed]);
  await sees("none");
  // Absent, and Redis does not know the panic either: it was emptied, nobody has reset anything.
  await redis.command(["DEL", keys.tradingState]);
  await sees("unknown");
  await redis.command(["HSET", keys.panicProcessed, EVENT, "{}"]);
  await sees("cleared");
  await redis.command(["SET", keys.tradingState, "what"]);
  await sees("panic");
  await redis.command(["DEL", keys.panicProcessed]);
  await sees("unknown");
});

test("entries are halted in file and Redis, the file again after Redis, and a former clearing leaves no trace", async () => {
  using stand = standing("{entry}");
  const { keys, files, halt, state } = stand;
  await redis.command([
    "HSET",
    keys.tradingState,
    "halted",
    "false",
    "cleared_by",
    "alice",
    "cleared_at",
    "1",
  ]);
  halt.request("POSITIONS_UNGUARDED");
  expect(files).toHaveLength(1);
  await waitUntil("the file is put again", () => files.length === 2);
  expect(await state()).toEqual({
    ...{ halted: "true", reason: "POSITIONS_UNGUARDED", source: "watchdog", event_id: "" },
    ...{ ts: expect.stringMatching(/^\d{13}$/), positions_closed: "0", requires_manual_reset: "true" },
  });
});

test("a halt that stands is not written over", async () => {
  using stand = standing("{stands}");
  const { keys, files, halt, state } = stand;
  await redis.command(["HSET", keys.tradingState, "halted", "true", "source", "ops", "event_id", EVENT]);
  halt.request("POSITIONS_UNGUARDED");
  await waitUntil("the file is put again", () => files.length === 2);
  expect(await state()).toEqual({ halted: "true", source: "ops", event_id: EVENT });
});

test("a value of the wrong type is halted already", async () => {
  using stand = standing("{wrong}");
  const { keys, files, halt } = stand;
  await redis.command(["SET", keys.tradingState, "what"]);
  halt.request("POSITIONS_UNGUARDED");
  await waitUntil("the file is put again", () => files.length === 2);
  expect(await redis.command(["GET", keys.tradingState])).toBe("what");
});
