import { describe, expect, test } from "bun:test";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { connectRedis, type RedisConnection, type RedisOptions } from "../../../lib/redis/connection.ts";
import { checkEvictionPolicy } from "../../../lib/redis/server-settings.ts";
import { transaction } from "../../../lib/redis/transaction.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** Where a server hangs; everywhere else a busy machine is slow and not broken. */
const HANGS = { deadlineMs: 100 } as const;
/** What a timer and a busy machine may add to it: less than the socket's own timeout, which would end a call as well. */
const MARGIN_MS = 900;

async function connected(
  server: Pick<RedisServer, "url">,
  options: Partial<RedisOptions> = {},
): Promise<RedisConnection & AsyncDisposable> {
  const redis = connectRedis({
    url: server.url,
    name: "test",
    deadlineMs: 20_000,
    clock: systemClock,
    random: Math.random,
    log: keptLog(),
    ...options,
  });
  return Object.assign(redis, { [Symbol.asyncDispose]: () => redis.close() });
}

async function ready(server: RedisServer, options: Partial<RedisOptions> = {}) {
  const redis = await connected(server, options);
  await redis.whenReady();
  return redis;
}

/** The code of every rejection, or "fulfilled". */
async function fates(calls: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((call) => (call.status === "fulfilled" ? "fulfilled" : String(call.reason.code)));
}

describe("a server that works", () => {
  test("answers concurrent commands in order, with raw replies", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server);
    const replies = await Promise.all([
      redis.command(["SET", "a", "1"]),
      redis.command(["INCR", "a"]),
      redis.command(["GET", "a"]),
      redis.command(["GET", "absent"]),
      redis.command(["LRANGE", "absent", "0", "-1"]),
    ]);
    expect(replies).toEqual(["OK", 2, "2", null, []]);
  });

  test("has its error's code on the rejection, and goes on", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server);
    await redis.command(["SET", "a", "text"]);
    expect(await fates([redis.command(["LPUSH", "a", "1"]), redis.command(["NOSUCH"])])).toEqual([
      "WRONGTYPE",
      "ERR",
    ]);
    expect(await redis.command(["GET", "a"])).toBe("text");
  });

  test("has its clock estimated from below, within a few ms", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server);
    const estimate = redis.serverNowMs();
    const [seconds, micros] = (await server.cli("TIME")).split("\n");
    expect(estimate).toBeLessThanOrEqual(Number(seconds) * 1000 + Number(micros) / 1000);
    // The server's clock is this machine's.
    await waitUntil("it is close", () => Math.abs(Date.now() - redis.serverNowMs()) < 20);
  });

  test("takes user and password from a unix URL", async () => {
    await using server = await startRedisServer({ args: ["--requirepass", "s3cret"] });
    await using wrong = await connected(server);
    await waitUntil("it is refused", () => wrong.state.lastError?.includes("NOAUTH"));
    await using right = await connected({ url: server.url.replace("unix://", "unix://default:s3cret@") });
    await right.whenReady();
    expect(await right.command(["PING"])).toBe("PONG");
  });
});

describe("a server that hangs", () => {
  test("has every call settled within the deadline, and is back right after it goes on", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server, HANGS);
    server.hang();
    const started = performance.now();
    const calls = Array.from({ length: 200 }, (_, at) => redis.command(["SET", `k${at}`, "v"]));
    expect(new Set(await fates(calls))).toEqual(new Set(["REDIS_DEADLINE"]));
    expect(performance.now() - started).toBeLessThan(100 + MARGIN_MS);
    expect(redis.state.kind).toBe("hung");

    const refusedAt = performance.now();
    expect(await fates([redis.command(["GET", "a"])])).toEqual(["REDIS_UNAVAILABLE"]);
    expect(performance.now() - refusedAt).toBeLessThan(MARGIN_MS);
    expect(redis.dependency()).toMatchObject({ ok: false });

    server.resume();
    await redis.whenReady();
    expect(await redis.command(["PING"])).toBe("PONG");
  });

  test("is noticed by an idle process, too", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server, HANGS);
    server.hang();
    await waitUntil("the pulse overran", () => redis.state.kind === "hung");
    server.resume();
    await redis.whenReady();
  });

  test("takes a call's own deadline before the connection's", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server, { deadlineMs: 5000 });
    server.hang();
    const started = performance.now();
    expect(await fates([redis.command(["PING"], { deadlineMs: 50 })])).toEqual(["REDIS_DEADLINE"]);
    expect(performance.now() - started).toBeLessThan(50 + MARGIN_MS);
  });

  test("may execute a given-up command later: the outcome is unknown, not 'no'", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server, HANGS);
    server.hang();
    expect(await fates([redis.command(["SET", "late", "1"])])).toEqual(["REDIS_DEADLINE"]);
    server.resume();
    await redis.whenReady();
    expect(await waitUntil("it was executed", () => redis.command(["GET", "late"]))).toBe("1");
  });

  test("while connecting does not hold the process up", async () => {
    await using server = await startRedisServer();
    server.hang();
    await using redis = await connected(server, HANGS);
    await waitUntil("the attempt was given up", () => redis.state.kind === "hung");
    server.resume();
    await redis.whenReady();
  });
});

describe("a server that is gone", () => {
  test("leaves the fate of what is in flight unknown, refuses the rest at once, and is found again", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server);
    server.hang();
    const inFlight = fates([redis.command(["SET", "a", "1"])]);
    await server.stop({ kill: true });
    expect(await inFlight).toEqual(["REDIS_CONNECTION_LOST"]);
    expect(await fates([redis.command(["GET", "a"])])).toEqual(["REDIS_UNAVAILABLE"]);
    expect(redis.state.kind).toBe("down");
    await server.restart();
    await redis.whenReady();
    expect(await redis.command(["PING"])).toBe("PONG");
  });

  test("is waited for at start, however long", async () => {
    await using server = await startRedisServer();
    await server.stop();
    await using redis = await connected(server);
    await waitUntil("an attempt failed", () => redis.state.kind === "down");
    await server.restart();
    await redis.whenReady();
    expect(redis.state).toMatchObject({ kind: "ready", lastError: undefined });
  });

  test("ends waiting and calling when the connection is closed", async () => {
    await using server = await startRedisServer();
    await server.stop();
    const redis = await connected(server);
    const waiting = redis.whenReady();
    await redis.close();
    await waiting;
    expect(redis.state.kind).toBe("closed");
    expect(await fates([redis.command(["PING"])])).toEqual(["REDIS_UNAVAILABLE"]);
  });
});

describe("a server that refuses", () => {
  test("writes for want of memory says OOM until a write passes", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server);
    await server.cli("CONFIG", "SET", "maxmemory", "1");
    expect(await fates([redis.command(["SET", "a", "1"])])).toEqual(["OOM"]);
    expect(redis.dependency()).toMatchObject({ ok: false, detail: expect.stringContaining("OOM") });
    // A new connection proves nothing about writes.
    await server.cli("CLIENT", "KILL", "TYPE", "normal");
    await waitUntil("it is connected again", async () => (await redis.command(["PING"])) === "PONG");
    expect(redis.dependency()).toMatchObject({ ok: false, detail: expect.stringContaining("OOM") });
    await server.cli("CONFIG", "SET", "maxmemory", "0");
    await redis.command(["SET", "a", "1"]);
    expect(redis.dependency()).toMatchObject({ ok: true });
  });

  test.each([
    ["a replica", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "READONLY"],
    [
      "a primary without its replicas",
      ["CONFIG", "SET", "min-replicas-to-write", "1"],
      ["CONFIG", "SET", "min-replicas-to-write", "0"],
      "NOREPLICAS",
    ],
  ])("writes, being %s, is shown and recovers", async (_what, spoil, repair, code) => {
    await using server = await startRedisServer();
    await using redis = await ready(server);
    await server.cli(...spoil);
    expect(await fates([redis.command(["SET", "a", "1"])])).toEqual([code]);
    expect(redis.dependency().ok).toBe(false);
    await server.cli(...repair);
    // A server that was promoted is connected anew.
    const write = () => redis.command(["SET", "a", "1"]);
    await waitUntil("it takes writes again", async () => (await fates([write()]))[0] === "fulfilled");
    expect(redis.dependency().ok).toBe(true);
  });
});

describe("the check at connecting", () => {
  test("runs at every connection, before anything else is let through", async () => {
    await using server = await startRedisServer();
    let checks = 0;
    const check: RedisOptions["onConnected"] = async (commands) => {
      checks += 1;
      await commands.command(["SET", "checked", String(checks)]);
    };
    await using redis = await ready(server, { onConnected: check });
    expect(await redis.command(["GET", "checked"])).toBe("1");
    await server.restart({ kill: true });
    await waitUntil("it was checked again", () => checks === 2);
    await redis.whenReady();
    expect(await redis.command(["GET", "checked"])).toBe("2");
  });

  test("keeps the connection not ready while it fails, with its reason, and is repeated", async () => {
    await using server = await startRedisServer();
    let altered = true;
    const check: RedisOptions["onConnected"] = async () => {
      if (altered) throw new Error("the function library was altered");
    };
    await using redis = await connected(server, { onConnected: check });
    await waitUntil("it says why", () => redis.dependency().detail.includes("library was altered"));
    expect(redis.state.kind).toBe("down");
    altered = false;
    await redis.whenReady();
  });

  test("refuses a server that evicts keys, and says 'unknown' where CONFIG is forbidden", async () => {
    await using server = await startRedisServer({ args: ["--maxmemory-policy", "allkeys-lru"] });
    await using redis = await ready(server);
    expect(await fates([checkEvictionPolicy(redis)])).toEqual(["REDIS_EVICTION_POLICY"]);
    await server.cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
    expect(await checkEvictionPolicy(redis)).toBe("noeviction");
    await server.cli("ACL", "SETUSER", "default", "-config");
    expect(await checkEvictionPolicy(redis)).toBe("unknown");
  });
});

describe("a transaction", () => {
  test("is not interleaved with the commands of concurrent callers", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server);
    const both = [
      ["INCR", "a"],
      ["INCR", "a"],
    ];
    const all = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const [replies] = await Promise.all([transaction(redis, both), redis.command(["INCR", "b"])]);
        return Number(replies[1]) - Number(replies[0]);
      }),
    );
    expect(new Set(all)).toEqual(new Set([1]));
  });

  test("rejects with the refusal's own error, and with that of a command that failed inside", async () => {
    await using server = await startRedisServer();
    await using redis = await ready(server);
    await redis.command(["SET", "text", "x"]);
    expect(await fates([transaction(redis, [["INCR", "text"]])])).toEqual(["ERR"]);
    await server.cli("CONFIG", "SET", "maxmemory", "1");
    expect(await fates([transaction(redis, [["SET", "a", "1"]])])).toEqual(["OOM"]);
  });
});
