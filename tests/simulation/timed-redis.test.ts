import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { startTimedRedis } from "./redis/timed-redis.ts";

/** What a server and its libfaketime keep in memory while it runs. */
const keptOf = (pid: string) => readdirSync("/dev/shm").filter((name) => name.endsWith(`_${pid}`));

test("the Redis of the simulation leaves nothing behind in memory", async () => {
  const redis = await startTimedRedis();
  const session = redis.open();
  const [, pid = ""] = /process_id:(\d+)/.exec(String(session.call(["INFO", "server"]))) ?? [];
  session.close();
  expect(keptOf(pid)).toHaveLength(2);
  await redis.stop();
  expect(keptOf(pid)).toEqual([]);
}, 60_000);
