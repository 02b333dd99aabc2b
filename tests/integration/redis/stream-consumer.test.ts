import { describe, expect, test } from "bun:test";
import { RedisReplyError } from "../../../lib/redis/redis-errors.ts";
import {
  acknowledge,
  append,
  type Consuming,
  consume,
  deliverTo,
  MEMBER,
  numbers,
  pendingCount,
} from "../../support/consuming.ts";
import { startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

describe("order", () => {
  test("own pending entries come first, then those of dead consumers, then new ones", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 6);
    await deliverTo(server, MEMBER.consumer, 2);
    await deliverTo(server, "dead", 2);
    await using consuming = consume(server, { staleIdleMs: 0, batchMax: 1 });
    await waitUntil("all were handled", () => consuming.handed.length >= 6);
    expect(consuming.handed).toEqual(numbers(1, 6));
    await waitUntil("nothing is pending", async () => (await pendingCount(server)) === 0);
  });

  test("entries of a consumer that is not idle for long enough are left to it", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 3);
    await deliverTo(server, "alive", 2);
    await using consuming = consume(server, { staleIdleMs: 60_000 });
    await waitUntil("the new one was handled", () => consuming.handed.length >= 1);
    expect(consuming.handed).toEqual(["3"]);
    expect(await pendingCount(server)).toBe(2);
  });

  test("what a dead consumer left is taken over while running, following the cursor to its end", async () => {
    await using server = await startRedisServer();
    await using consuming = consume(server, { staleIdleMs: 200, sweepEveryMs: 50, batchMax: 7 });
    await waitUntil("it reads", () => consuming.status().kind === "reading");
    await append(server, 1, 50);
    await deliverTo(server, "dead", 50);
    await waitUntil("all were handled", () => consuming.handed.length >= 50);
    expect(
      consuming.handed
        .map(Number)
        .sort((a, b) => a - b)
        .map(String),
    ).toEqual(numbers(1, 50));
  });

  test("batches keep the stream's order, several in flight", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 200);
    await using consuming = consume(server, { handOut: "batch", batchMax: 16, inFlightMax: 64 });
    await waitUntil("all were handled", () => consuming.handed.length >= 200);
    expect(consuming.handed).toEqual(numbers(1, 200));
    expect(Math.max(...consuming.batches)).toBe(16);
  });
});

describe("the window", () => {
  test("bounds what is handed out and not settled, and nothing in it is handed out again", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 40);
    const gates: (() => void)[] = [];
    let running = 0;
    let most = 0;
    await using consuming: Consuming = consume(server, {
      inFlightMax: 8,
      sweepEveryMs: 1,
      staleIdleMs: 0,
      async handle(entries) {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => gates.push(resolve));
        running -= 1;
        return acknowledge(consuming.redis, entries);
      },
    });
    // The newest goes first, so that seven stay in flight all along: every sweep shows them as pending, with
    // us and, claiming everything, as a dead consumer's.
    while (consuming.status().handled < 33) {
      await waitUntil("the window is full", () => gates.length === 8 || consuming.status().handled === 33);
      gates.pop()?.();
    }
    for (const open of gates) open();
    await waitUntil("all were handled", () => consuming.status().handled === 40);
    expect(most).toBe(8);
    expect(
      consuming.handed
        .map(Number)
        .sort((a, b) => a - b)
        .map(String),
    ).toEqual(numbers(1, 40));
  });

  test("a long read is handed out in pages, and the next one waits until the window has room for all of it", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 120);
    const gates: (() => void)[] = [];
    await using consuming: Consuming = consume(server, {
      ...{ handOut: "batch", batchMax: 10, readMax: 40, inFlightMax: 60 },
      async handle(entries) {
        await new Promise<void>((resolve) => gates.push(resolve));
        return acknowledge(consuming.redis, entries);
      },
    });
    const settle = async (pages: number, handedThen: number) => {
      const handled = consuming.status().handled + pages * 10;
      for (const open of gates.splice(0, pages)) open();
      await waitUntil("they are settled", () => consuming.status().handled === handled);
      await waitUntil("more was handed out", () => consuming.handed.length === handedThen);
    };
    await waitUntil("the first read was handed out", () => consuming.handed.length === 40);
    await settle(1, 40);
    await settle(1, 80);
    await settle(6, 120);
    await settle(4, 120);
    expect(consuming.handed).toEqual(numbers(1, 120));
    expect(consuming.batches).toEqual(Array.from({ length: 12 }, () => 10));
    const stats = await server.cli("INFO", "commandstats");
    expect(Number(/cmdstat_xreadgroup:calls=(\d+)/.exec(stats)?.[1])).toBeLessThan(12);
  });

  test("a stop waits for what is in flight, and reads nothing more", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 2);
    const gates: (() => void)[] = [];
    const consuming: Consuming = consume(server, {
      async handle(entries) {
        await new Promise<void>((resolve) => gates.push(resolve));
        return acknowledge(consuming.redis, entries);
      },
    });
    await waitUntil("both are in flight", () => gates.length === 2);
    const stopped = consuming.stop();
    await append(server, 3, 5);
    for (const open of gates) open();
    await stopped;
    expect(consuming.handed).toEqual(["1", "2"]);
    expect(await pendingCount(server)).toBe(0);
  });
});

describe("a handler", () => {
  test("that says 'later' gets the entry again, and the others are not held up", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 3);
    let refusals = 2;
    await using consuming: Consuming = consume(server, {
      retryDelayMs: 10,
      async handle(entries) {
        if (entries[0]?.fields["n"] === "1" && refusals-- > 0) return "later";
        return acknowledge(consuming.redis, entries);
      },
    });
    await waitUntil("nothing is pending", async () => consuming.status().handled === 3);
    expect(consuming.handed.filter((n) => n === "1")).toHaveLength(3);
    expect(consuming.handed.filter((n) => n !== "1")).toEqual(["2", "3"]);
  });

  test("that throws something that is not Redis' ends the loop with it", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 1);
    const consuming = consume(server, {
      handle: () => Promise.reject(new TypeError("a bug")),
    });
    await waitUntil("it ended", () => consuming.failure());
    expect(consuming.failure()).toEqual(new TypeError("a bug"));
    expect(await pendingCount(server)).toBe(1);
    await consuming.redis.close();
  });

  test("that is stuck stops the progress reports; one that works does not", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 1);
    const gate = Promise.withResolvers<void>();
    await using consuming: Consuming = consume(server, {
      stuckAfterMs: 300,
      async handle(entries) {
        await gate.promise;
        return acknowledge(consuming.redis, entries);
      },
    });
    await waitUntil("it is stuck", () => consuming.status().oldestInFlightMs > 300);
    const before = consuming.progress();
    // A cycle takes a second at most, so this is more than one.
    await waitUntil("a cycle passed", () => consuming.status().oldestInFlightMs > 1600);
    expect(consuming.progress()).toBe(before);
    gate.resolve();
    await waitUntil("it reports again", () => consuming.progress() > before);
  });
});

describe("lost entries", () => {
  test("trimmed while pending with us are reported, then acknowledged", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 4);
    await deliverTo(server, MEMBER.consumer, 4);
    await server.cli("XTRIM", MEMBER.stream, "MAXLEN", "2");
    await using consuming = consume(server);
    await waitUntil("the rest was handled", () => consuming.handed.length === 2);
    await waitUntil("nothing is pending", async () => (await pendingCount(server)) === 0);
    expect(consuming.lost).toHaveLength(2);
    expect(consuming.handed).toEqual(["3", "4"]);
  });

  test("trimmed while pending with a dead consumer are reported", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 4);
    await deliverTo(server, "dead", 4);
    await server.cli("XTRIM", MEMBER.stream, "MAXLEN", "1");
    await using consuming = consume(server, { staleIdleMs: 0 });
    await waitUntil("the rest was handled", () => consuming.handed.length === 1);
    expect(consuming.lost).toHaveLength(3);
  });

  test("stay pending until they could be recorded", async () => {
    await using server = await startRedisServer();
    await append(server, 1, 1);
    await deliverTo(server, MEMBER.consumer, 1);
    await server.cli("XTRIM", MEMBER.stream, "MAXLEN", "0");
    let attempts = 0;
    await using consuming = consume(server, {
      async onLost() {
        attempts += 1;
        expect(await pendingCount(server)).toBe(1);
        if (attempts < 3) throw new RedisReplyError("OOM full");
      },
    });
    await waitUntil("nothing is pending", async () => (await pendingCount(server)) === 0);
    expect(attempts).toBe(3);
    expect(consuming.failure()).toBeUndefined();
  });
});

test("what a living consumer is still handling never looks like a dead one's, however long it takes", async () => {
  await using server = await startRedisServer();
  await append(server, 1, 3);
  const release = Promise.withResolvers<void>();
  await using busy: Consuming = consume(server, {
    staleIdleMs: 6000,
    async handle(entries) {
      await release.promise;
      return acknowledge(busy.redis, entries);
    },
  });
  await waitUntil("it has them", () => busy.handed.length === 3);
  await using other = consume(server, { consumer: "other", staleIdleMs: 6000 });
  const deliveries = async () =>
    Number((await server.cli("XPENDING", "s", "g", "-", "+", "1")).split("\n").at(-1));
  await waitUntil("it has read its own again and again", async () => (await deliveries()) >= 4);
  expect(other.handed).toEqual([]);
  release.resolve();
  await waitUntil("it has handled them", () => busy.status().handled === 3);
});

test("many entries that are put off do not keep new ones from being handed out", async () => {
  await using server = await startRedisServer();
  await append(server, 1, 4000);
  await using consuming: Consuming = consume(server, {
    handOut: "batch",
    batchMax: 10,
    inFlightMax: 10,
    retryDelayMs: 1,
    handle: async () => "later",
  });
  // A sweep over all of them for every page of new ones would take minutes.
  await waitUntil("the last one was handed out", () => consuming.handed.includes("4000"));
  expect(await pendingCount(server)).toBe(4000);
}, 120_000);
