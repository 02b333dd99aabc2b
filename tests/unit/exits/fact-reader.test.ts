import { expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { FactReader } from "../../../lib/exits/fact-reader.ts";
import { newWatch } from "../../../lib/exits/watch.ts";
import type { RedisReply } from "../../../lib/redis/reply.ts";
import { LONG_POSITION, STORED_LONG } from "./exit-fixtures.ts";

const keys = keysOf("");
const PLAN = { kind: "plan", plan: { stopLoss: STORED_LONG.stop_loss } };

/** A Redis that answers when it is told to, and a wait that is over once everything that could answer has. */
function slowRedis() {
  const waiting: (() => void)[] = [];
  const now = { ms: 1000 };
  let isSlow = true;
  const replyTo = ([name]: readonly unknown[]): RedisReply =>
    name === "HGETALL" ? Object.entries(STORED_LONG).flat() : [];
  const reader = new FactReader({
    keys,
    redis: {
      deadlineMs: 1500,
      serverNowMs: () => now.ms,
      command: (args) =>
        new Promise((resolve) => {
          if (isSlow) waiting.push(() => resolve(replyTo(args)));
          else resolve(replyTo(args));
        }),
    },
    clock: { nowMs: () => now.ms, monotonicMs: () => now.ms, sleep: () => turns() },
  });
  const answer = async () => {
    for (const one of waiting.splice(0)) one();
    await turns();
  };
  const hurry = () => {
    isSlow = false;
  };
  return { reader, now, answer, hurry };
}

/** Longer than any chain of promises here. */
async function turns(): Promise<void> {
  for (let left = 50; left > 0; left -= 1) await Promise.resolve();
}

const watchesSince = (firstSeenMs: number) =>
  new Map([[LONG_POSITION.key, newWatch(LONG_POSITION, firstSeenMs)]]);

test("what Redis answers in time is what it says now", async () => {
  const { reader, hurry } = slowRedis();
  hurry();
  const facts = await reader.read(watchesSince(0), 100);
  expect(facts.plans.get("BTCUSDT")).toMatchObject(PLAN);
});

test("what a slow Redis answers after the wait is used in the next cycle, and once", async () => {
  const { reader, now, answer } = slowRedis();
  const watches = watchesSince(0);
  expect((await reader.read(watches, 100)).plans.size).toBe(0);
  await answer();
  now.ms = 2000;
  expect((await reader.read(watches, 100)).plans.get("BTCUSDT")).toMatchObject(PLAN);
  now.ms = 3000;
  expect((await reader.read(watches, 100)).plans.size).toBe(0);
});

test("a late answer says nothing of a position that was first seen after the question", async () => {
  const { reader, now, answer } = slowRedis();
  await reader.read(watchesSince(0), 100);
  await answer();
  now.ms = 2000;
  expect((await reader.read(watchesSince(1500), 100)).plans.size).toBe(0);
});

test("an answer in time makes a late one worthless", async () => {
  const { reader, now, answer, hurry } = slowRedis();
  await reader.read(watchesSince(0), 100);
  await answer();
  hurry();
  now.ms = 2000;
  const fresh = await reader.read(watchesSince(1500), 100);
  expect(fresh.plans.get("BTCUSDT")).toMatchObject(PLAN);
});
