import { expect, test } from "bun:test";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { ensureLibrary, librarySource } from "../../../lib/kernel/library.ts";
import { connectRedis } from "../../../lib/redis/connection.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** Seconds pass in a tenth of their time. */
const clock = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 10, signal),
};

test("a library that is replaced under a connection is said as not ready, and nothing is cut off", async () => {
  await using server = await startRedisServer();
  let connections = 0;
  const redis = connectRedis({
    ...{ url: server.url, name: "test", deadlineMs: 20_000, clock, random: Math.random, log: keptLog() },
    onConnected: async (commands) => {
      connections += 1;
      await ensureLibrary(commands);
    },
    stillSound: ensureLibrary,
  });
  await redis.whenReady();
  expect(redis.dependency().ok).toBe(true);
  await server.cli("FUNCTION", "LOAD", "REPLACE", `${librarySource()}\n-- another build's\n`);
  await waitUntil("it says so", () => redis.dependency().detail.includes("differs from this build's"));
  expect(redis.dependency().ok).toBe(false);
  expect(await redis.command(["PING"])).toBe("PONG");
  await server.cli("FUNCTION", "LOAD", "REPLACE", librarySource());
  await waitUntil("it is ready again", () => redis.dependency().ok);
  expect(connections).toBe(1);
  await redis.close();
}, 30_000);
