import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { connectRedis, type RedisOptions } from "../../../lib/redis/connection.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

async function ready(server: RedisServer, options: Partial<RedisOptions>) {
  const common = { name: "test", clock: systemClock, random: Math.random, log: keptLog() };
  const redis = connectRedis({ url: server.url, deadlineMs: 20_000, ...common, ...options });
  await redis.whenReady();
  return Object.assign(redis, { [Symbol.asyncDispose]: () => redis.close() });
}

/** The code of the rejection, or "fulfilled". */
const fate = (call: Promise<unknown>) =>
  call.then(
    () => "fulfilled",
    (error) => String(error.code),
  );

describe("a server that is not the one it was", () => {
  test("and has lost its functions is checked again, by a new connection", async () => {
    await using server = await startRedisServer();
    const library = "#!lua name=l\nredis.register_function('f_v1', function() return 'here' end)";
    let checks = 0;
    const onConnected: RedisOptions["onConnected"] = async (commands) => {
      checks += 1;
      await commands.command(["FUNCTION", "LOAD", "REPLACE", library]);
    };
    await using redis = await ready(server, { onConnected });
    const call = () => redis.command(["FCALL", "f_v1", "0"]);
    expect(await call()).toBe("here");
    await server.cli("FUNCTION", "FLUSH");
    expect(await fate(call())).toBe("ERR");
    await waitUntil("it was checked again", () => checks === 2 && redis.state.kind === "ready");
    expect(await call()).toBe("here");
  });

  test("and stays read-only is looked up anew, as after a failover behind one address", async () => {
    await using server = await startRedisServer();
    let connections = 0;
    const onConnected = async () => {
      connections += 1;
    };
    // The clock runs ten times as fast for the connection: 5 s of refusal are half a second here.
    const clock = { ...systemClock, monotonicMs: () => performance.now() * 10 };
    const sleep = (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 10, signal);
    await using redis = await ready(server, { onConnected, clock: { ...clock, sleep } });
    await server.cli("REPLICAOF", "127.0.0.1", "1");
    const write = () => redis.command(["SET", "a", "1"]);
    expect(await fate(write())).toBe("READONLY");
    await waitUntil("it was connected anew", () => connections >= 2);
    expect(redis.dependency()).toMatchObject({ ok: false, detail: expect.stringContaining("READONLY") });
    await server.cli("REPLICAOF", "NO", "ONE");
    await waitUntil("it takes writes again", async () => (await fate(write())) === "fulfilled");
    expect(redis.dependency().ok).toBe(true);
  });

  test("and was a replica meanwhile is checked again, although it refused nothing", async () => {
    await using server = await startRedisServer();
    let checks = 0;
    const onConnected = async () => {
      checks += 1;
    };
    await using redis = await ready(server, { onConnected });
    await server.cli("REPLICAOF", "127.0.0.1", "1");
    await server.cli("REPLICAOF", "NO", "ONE");
    await waitUntil("it was checked again", () => checks === 2 && redis.state.kind === "ready");
    expect(await fate(redis.command(["SET", "a", "1"]))).toBe("fulfilled");
  });
});
