import { describe, expect, test } from "bun:test";
import { LIFETIMES_SEC } from "../../../lib/contract/lifetimes.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { connectRedis, type RedisConnection } from "../../../lib/redis/connection.ts";
import { recordReply } from "../../../lib/redis/reply.ts";
import { keepRoleBeat } from "../../../lib/redis/role-beat.ts";
import { createStatistics } from "../../../lib/redis/statistics.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const ROLE_KEY = "quantum:role:execution:one";
const STATS_KEY = "quantum:stats:execution";

async function connected(server: RedisServer): Promise<RedisConnection & AsyncDisposable> {
  const log = keptLog();
  const redis = connectRedis({
    url: server.url,
    name: "t",
    deadlineMs: 1000,
    clock: systemClock,
    random: () => 0,
    log,
  });
  await redis.whenReady();
  return Object.assign(redis, { [Symbol.asyncDispose]: () => redis.close() });
}

/** Beats until it is stopped, as one process's life. */
function live(redis: RedisConnection, bootId: string): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const beating = keepRoleBeat(
    {
      redis,
      roleKey: ROLE_KEY,
      statsKey: STATS_KEY,
      instance: "one",
      build: "1.0.0",
      git: "abc",
      bootId,
      mode: "PAPER",
      account: () => "f1",
      clock: systemClock,
      log: keptLog(),
      everyMs: 10,
    },
    stopping.signal,
  );
  return {
    async stop() {
      stopping.abort();
      await beating;
    },
  };
}

const beatOf = async (redis: RedisConnection) => recordReply(await redis.command(["HGETALL", ROLE_KEY]));

describe("a role's beat", () => {
  test("says what runs, by the server's clock, and expires with the process", async () => {
    await using server = await startRedisServer();
    await using redis = await connected(server);
    const life = live(redis, "boot-1");
    await waitUntil("it beat", async () => (await beatOf(redis))["boot_id"] === "boot-1");
    const beat = await beatOf(redis);
    expect(beat).toMatchObject({ build: "1.0.0", git: "abc", mode: "PAPER", account: "f1", restarts: "0" });
    expect(Math.abs(Number(beat["last_beat"]) - redis.serverNowMs())).toBeLessThan(5000);
    const ttl = Number(await redis.command(["TTL", ROLE_KEY]));
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(LIFETIMES_SEC.roleBeat);
    await life.stop();
  });

  test("keeps the last one alive while the server is out of memory", async () => {
    await using server = await startRedisServer();
    await using redis = await connected(server);
    const life = live(redis, "boot-1");
    await waitUntil("it beat", async () => (await beatOf(redis))["boot_id"] === "boot-1");
    await server.cli("CONFIG", "SET", "maxmemory", "1");
    await waitUntil("beats are refused", () => redis.dependency().detail.includes("OOM"));
    await redis.command(["EXPIRE", ROLE_KEY, String(LIFETIMES_SEC.roleBeat - 20)]);
    const lifetime = async () => Number(await redis.command(["TTL", ROLE_KEY]));
    await waitUntil("it lives on", async () => (await lifetime()) > LIFETIMES_SEC.roleBeat - 20);
    expect(await beatOf(redis)).toMatchObject({ boot_id: "boot-1", build: "1.0.0" });
    await life.stop();
  });

  test("counts restarts across processes, once each, also through an outage", async () => {
    await using server = await startRedisServer();
    await using redis = await connected(server);
    for (const [at, bootId] of ["boot-1", "boot-2", "boot-3"].entries()) {
      if (bootId === "boot-3") server.hang();
      const life = live(redis, bootId);
      if (bootId === "boot-3") {
        await waitUntil("it hangs", () => redis.state.kind === "hung");
        server.resume();
      }
      await waitUntil("it beat", async () => (await beatOf(redis))["boot_id"] === bootId);
      expect((await beatOf(redis))["restarts"]).toBe(String(at));
      await life.stop();
    }
    expect(await redis.command(["HGET", STATS_KEY, "restarts:one"])).toBe("2");
  });
});

describe("statistics", () => {
  test("are added up and written in one go", async () => {
    await using server = await startRedisServer();
    await using redis = await connected(server);
    const statistics = createStatistics(redis, STATS_KEY);
    statistics.add("decisions");
    statistics.add("decisions", 4);
    statistics.add("skipped");
    await statistics.flush();
    await statistics.flush();
    expect(recordReply(await redis.command(["HGETALL", STATS_KEY]))).toEqual({
      decisions: "5",
      skipped: "1",
    });
  });

  test("that could not be sent go with the next flush; of unknown fate they are not counted twice", async () => {
    await using server = await startRedisServer();
    await using redis = await connected(server);
    const statistics = createStatistics(redis, STATS_KEY);
    server.hang();
    statistics.add("in_doubt");
    await statistics.flush();
    statistics.add("unsent");
    await statistics.flush();
    server.resume();
    await redis.whenReady();
    await statistics.flush();
    await waitUntil("the late one was executed", () => redis.command(["HGET", STATS_KEY, "in_doubt"]));
    expect(recordReply(await redis.command(["HGETALL", STATS_KEY]))).toEqual({ in_doubt: "1", unsent: "1" });
  });
});
