import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { Simulation } from "./engine/simulation.ts";
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

test("a Redis that crashes comes back with what it had on disk, pending entries and all", async () => {
  const redis = await startTimedRedis();
  try {
    const simulation = new Simulation({ seed: 1, redis, folder: redis.folder, epochMs: 0 });
    const { redisNetwork: network } = simulation;
    network.write("XGROUP", "CREATE", "stream", "group", "0", "MKSTREAM");
    network.write("XADD", "stream", "1-1", "a", "b");
    network.look("XREADGROUP", "GROUP", "group", "one", "STREAMS", "stream", ">");
    network.write("SET", "counter", "1");
    network.keepOnDisk();
    network.write("XACK", "stream", "group", "1-1");
    network.write("SET", "counter", "2");
    network.restart(20, "rolled_back");
    expect(network.look("GET", "counter")).toBe("1");
    expect(network.look("XPENDING", "stream", "group")).toEqual([1, "1-1", "1-1", [["one", "1"]]]);
    simulation.close();
  } finally {
    await redis.stop();
  }
}, 60_000);
