import { describe, expect, test } from "bun:test";
import { RedisReplyError } from "../../../lib/redis/redis-errors.ts";
import {
  acknowledge,
  append,
  type Consuming,
  consume,
  numbers,
  pendingCount,
} from "../../support/consuming.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** A command that takes longer is given up. */
const HANGS_MS = 1000;

const distinct = (values: readonly string[]) =>
  [...new Set(values)]
    .map(Number)
    .sort((a, b) => a - b)
    .map(String);

describe("a server that hangs under a consumer", () => {
  test("is waited for, with progress reported, and nothing is lost or acknowledged unhandled", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 20);
    await using consuming: Consuming = consume(server, { inFlightMax: 5, batchMax: 5 }, HANGS_MS);
    await waitUntil("all were handled", () => consuming.status().handled === 20);
    server.hang();
    await waitUntil("it waits", () => consuming.status().kind === "waiting");
    const before = consuming.progress();
    await waitUntil("it reports progress while it waits", () => consuming.progress() > before + 1);
    server.resume();
    await append(server, 21, 20);
    await waitUntil("all were handled", () => distinct(consuming.handed).length === 40);
    await waitUntil("nothing is pending", async () => (await pendingCount(server)) === 0);
    expect(consuming.handed).toEqual(numbers(1, 40));
  });

  test("in the middle of handling has the unacknowledged entries handed out again afterwards", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 10);
    let hung = false;
    await using consuming: Consuming = consume(
      server,
      {
        handle(entries) {
          if (!hung && entries[0]?.fields["n"] === "4") {
            hung = true;
            server.hang();
          }
          return acknowledge(consuming.redis, entries);
        },
      },
      HANGS_MS,
    );
    await waitUntil("it waits", () => hung && consuming.status().kind === "waiting");
    server.resume();
    await waitUntil("nothing is pending", async () => (await pendingCount(server)) === 0);
    await waitUntil("all were handed out", () => distinct(consuming.handed).length === 10);
    expect(distinct(consuming.handed)).toEqual(numbers(1, 10));
  });
});

describe("a server that is restarted under a consumer", () => {
  test("with its append-only file loses nothing", async () => {
    await using server = await startRedisServer({ aof: true, appendfsync: "always" });
    await append(server, 1, 10);
    await using consuming = consume(server);
    await waitUntil("the first were handled", () => consuming.status().handled === 10);
    await server.restart({ kill: true });
    await append(server, 11, 10);
    await waitUntil("all were handled", () => distinct(consuming.handed).length === 20);
    await waitUntil("nothing is pending", async () => (await pendingCount(server)) === 0);
    expect(consuming.stateLost()).toBe(0);
  });

  test("and is empty afterwards has the loss reported once and the group made again from the beginning", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 3);
    await using consuming = consume(server);
    await waitUntil("the first were handled", () => consuming.status().handled === 3);
    await server.restart({ kill: true, empty: true });
    await append(server, 100, 3);
    await waitUntil("the new ones were handled", () => consuming.status().handled === 6);
    expect(consuming.handed).toEqual([...numbers(1, 3), ...numbers(100, 3)]);
    expect(consuming.stateLost()).toBe(1);
  });

  test.each([
    ["FLUSHALL", []],
    ["DEL", ["s"]],
    ["XGROUP", ["DESTROY", "s", "g"]],
  ])("loses its state by %s the same way, under a blocked read", async (command, args) => {
    await using server = await startRedisServer();
    await using consuming = consume(server);
    await waitUntil("it reads", () => consuming.status().kind === "reading");
    await server.cli(command, ...args);
    await waitUntil("the loss was noticed", () => consuming.stateLost() === 1);
    await append(server, 1, 3);
    await waitUntil("it goes on", () => consuming.status().handled === 3);
    expect(consuming.stateLost()).toBe(1);
  });
});

describe("a server that refuses writes under a consumer", () => {
  test("as a replica stops the reading, says why, and goes on by itself", async () => {
    await using server = await startRedisServer();
    await using consuming = consume(server);
    await waitUntil("it reads", () => consuming.status().kind === "reading");
    await server.cli("CONFIG", "SET", "min-replicas-to-write", "1");
    await waitUntil("it says why", () => consuming.status().reason?.includes("NOREPLICAS"));
    await server.cli("CONFIG", "SET", "min-replicas-to-write", "0");
    await append(server, 1, 5);
    await waitUntil("all were handled", () => consuming.status().handled === 5);
    expect(consuming.handed).toEqual(numbers(1, 5));
  });

  test("for want of memory keeps the entries pending, reads no more of them, and goes on by itself", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 50);
    const full = Promise.withResolvers<void>();
    await using consuming: Consuming = consume(server, {
      batchMax: 4,
      inFlightMax: 8,
      async handle(entries) {
        await full.promise;
        for (const entry of entries) await consuming.redis.command(["SET", `done:${entry.id}`, "1"]);
        return acknowledge(consuming.redis, entries);
      },
    });
    await waitUntil("the window is full", () => consuming.status().inFlight === 8);
    await server.cli("CONFIG", "SET", "maxmemory", "1");
    full.resolve();
    await waitUntil("it says why", () => consuming.status().reason?.includes("OOM"));
    expect(consuming.redis.dependency()).toMatchObject({ ok: false, detail: expect.stringContaining("OOM") });
    expect(consuming.status().handled).toBe(0);
    expect(await pendingCount(server)).toBe(8);
    await server.cli("CONFIG", "SET", "maxmemory", "0");
    await waitUntil("all were handled", () => consuming.status().handled === 50);
    expect(await pendingCount(server)).toBe(0);
  });

  test("while it is read from leaves no pile of pending entries behind", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 50);
    let refusing = true;
    await using consuming: Consuming = consume(server, {
      batchMax: 4,
      inFlightMax: 8,
      async handle(entries) {
        // A round trip, so that the loop has time to read on.
        await consuming.redis.command(["PING"]);
        if (refusing) throw new RedisReplyError("OOM command not allowed when used memory > 'maxmemory'.");
        return acknowledge(consuming.redis, entries);
      },
    });
    await waitUntil("it was tried several times", () => consuming.handed.length >= 16);
    expect(await pendingCount(server)).toBeLessThanOrEqual(8);
    refusing = false;
    await waitUntil("all were handled", () => consuming.status().handled === 50);
  });
});

test("entries too large for a page that Redis would send are read in smaller pages", async () => {
  await using server = await startRedisServer();
  await server.cli("CONFIG", "SET", "client-output-buffer-limit", "normal 1mb 0 0");
  const script =
    "for n = 1, 24 do redis.call('XADD', 's', n .. '-0', 'n', n, 'data', string.rep('x', 200000)) end";
  await server.cli("EVAL", script, "0");
  await using consuming: Consuming = consume(server, { batchMax: 24, readMax: 24, inFlightMax: 48 });
  await waitUntil("all were handled", () => distinct(consuming.handed).length === 24);
  await waitUntil("nothing is pending", async () => (await pendingCount(server)) === 0);
});
