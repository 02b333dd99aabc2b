import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { connectRedisOver } from "../../../lib/redis/lasting-connection.ts";
import { openPlainWire } from "../../../lib/redis/plain-wire.ts";
import { transaction } from "../../../lib/redis/transaction.ts";
import type { WireOptions } from "../../../lib/redis/wire.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** What a timer and a busy machine may add to a deadline; far less than any other deadline here. */
const MARGIN_MS = 10_000;

const open = (url: string, changes: Partial<WireOptions> = {}) =>
  openPlainWire({ url, name: "test", connectDeadlineMs: 30_000, socketTimeoutMs: 30_000, ...changes });
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "fulfilled",
    (error: { code?: unknown }) => String(error.code),
  );
/** SIGSTOP has been delivered when the kernel says so. */
const stopped = (pid: number) =>
  waitUntil("the server stands still", () => readFileSync(`/proc/${pid}/stat`, "utf8").includes(") T "));

/** A port of this process that does to a connection what the test says. */
async function hostile(onConnect: (socket: Bun.Socket) => void) {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: onConnect, data: () => undefined },
  });
  return {
    url: `redis://127.0.0.1:${listener.port}`,
    [Symbol.asyncDispose]: async () => listener.stop(true),
  };
}

describe("the worker's own wire", () => {
  test("answers what is sent at once in its order, text of every kind and bytes", async () => {
    await using server = await startRedisServer();
    const wire = await open(server.url);
    const values = ["", "plain", "zwölf €\u0000\r\n$3\r\nabc", "x".repeat(300_000)];
    const replies = await Promise.all(
      values.flatMap((value, at) => [
        wire.send(["SET", `k${at}`, value], 5000),
        wire.send(["GET", `k${at}`], 5000),
      ]),
    );
    expect(replies).toEqual(values.flatMap((value) => ["OK", value]));
    await wire.send([Buffer.from("SET"), "bytes", Buffer.from("a\r\nb")], 5000);
    expect(await wire.send(["GET", "bytes"], 5000)).toBe("a\r\nb");
    const names = String(await wire.send(["CLIENT", "LIST"], 5000));
    expect(names).toContain("name=test ");
    wire.destroy();
  });

  test("selects its database, and says who it is before anything else", async () => {
    await using server = await startRedisServer({ args: ["--requirepass", "s3cret"] });
    expect(await codeOf(open(server.url))).toBe("NOAUTH");
    const at = (user: string) => `${server.url.replace("unix://", `unix://${user}@`)}?db=3`;
    expect(await codeOf(open(at("default:wrong")))).toBe("WRONGPASS");
    const wire = await open(at("default:s3cret"));
    expect(String(await wire.send(["CLIENT", "INFO"], 5000))).toContain(" db=3 ");
    wire.destroy();
  });

  test("a server that hangs costs a command its deadline, and the connection its life", async () => {
    await using server = await startRedisServer();
    const wire = await open(server.url);
    server.hang();
    await stopped(server.pid);
    const startedAt = performance.now();
    const late = wire.send(["GET", "a"], 100);
    const beside = wire.send(["GET", "b"], 60_000);
    expect(await codeOf(late)).toBe("REDIS_DEADLINE");
    expect(await codeOf(beside)).toBe("REDIS_DEADLINE");
    expect(performance.now() - startedAt).toBeLessThan(100 + MARGIN_MS);
    expect((await wire.ended).kind).toBe("overrun");
    expect(await codeOf(wire.send(["GET", "a"], 100))).toBe("REDIS_UNAVAILABLE");
    server.resume();
  });

  test("what a server does not take at once follows in its order, as much as there is", async () => {
    await using server = await startRedisServer();
    const wire = await open(server.url);
    server.hang();
    await stopped(server.pid);
    const values = Array.from({ length: 40 }, (_, at) => `${at} €`.repeat(at % 2 === 0 ? 100_000 : 1));
    const sent = values.map((value) => wire.send(["RPUSH", "list", value], 60_000));
    server.resume();
    expect(await Promise.all(sent)).toEqual(values.map((_, at) => at + 1));
    expect(await wire.send(["LRANGE", "list", "0", "-1"], 60_000)).toEqual(values);
    wire.destroy();
  });

  test("a server that dies leaves the fate of what was sent unknown", async () => {
    await using server = await startRedisServer();
    const wire = await open(server.url);
    server.hang();
    await stopped(server.pid);
    const inFlight = codeOf(wire.send(["SET", "a", "1"], 60_000));
    // Without the SIGCONT of an orderly stop, after which it would answer first.
    process.kill(server.pid, "SIGKILL");
    expect(await inFlight).toBe("REDIS_CONNECTION_LOST");
    expect((await wire.ended).kind).toBe("lost");
    expect(await codeOf(open(server.url))).toBe("REDIS_UNAVAILABLE");
  });
});

describe("what is no good server", () => {
  test("nobody there is said at once, by socket and by port", async () => {
    const nobody = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const { port } = nobody;
    nobody.stop(true);
    const said = { "unix:///nowhere/redis.sock": "ENOENT", [`redis://127.0.0.1:${port}`]: "ECONNREFUSED" };
    for (const [url, why] of Object.entries(said)) {
      // An operator reads why in /readyz, in `systemctl status` and in the log.
      const refused = await open(url, { connectDeadlineMs: 60_000 }).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        code: "REDIS_UNAVAILABLE",
        message: expect.stringContaining(why),
      });
    }
  });

  test("no connection takes longer than its deadline, also to what accepts and says nothing", async () => {
    await using mute = await hostile(() => undefined);
    const startedAt = performance.now();
    expect(await codeOf(open(mute.url, { connectDeadlineMs: 200 }))).toBe("REDIS_DEADLINE");
    expect(performance.now() - startedAt).toBeLessThan(200 + MARGIN_MS);
  });

  test("what is no Redis server is found out, and a silent one is left", async () => {
    await using web = await hostile((socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await codeOf(open(web.url))).toBe("REDIS_UNAVAILABLE");
    await using server = await startRedisServer();
    const wire = await open(server.url, { socketTimeoutMs: 200 });
    expect(await wire.ended).toMatchObject({
      kind: "lost",
      error: { message: expect.stringContaining("200 ms") },
    });
  });

  test("its signal ends it, also while it connects", async () => {
    await using mute = await hostile(() => undefined);
    const ending = new AbortController();
    const opening = codeOf(open(mute.url, { signal: ending.signal, connectDeadlineMs: 60_000 }));
    ending.abort();
    expect(await opening).not.toBe("fulfilled");
    expect(await codeOf(open(mute.url, { signal: ending.signal }))).not.toBe("fulfilled");
  });

  test("carries transactions: an error within one is the caller's, and what is queued beside it is not", async () => {
    await using server = await startRedisServer();
    const common = { clock: systemClock, random: Math.random, log: keptLog() };
    const redis = connectRedisOver(openPlainWire, {
      url: server.url,
      name: "test",
      deadlineMs: 5000,
      ...common,
    });
    await redis.whenReady();
    await redis.command(["SET", "text", "x"]);
    const broken = transaction(redis, [
      ["SET", "a", "1"],
      ["HSET", "text", "f", "1"],
    ]);
    const beside = redis.command(["INCR", "n"]);
    expect(await codeOf(broken)).toBe("WRONGTYPE");
    expect([await beside, await redis.command(["GET", "a"])]).toEqual([1, "1"]);
    await redis.close();
  });
});
