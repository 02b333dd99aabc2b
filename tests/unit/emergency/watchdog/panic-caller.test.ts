import { afterEach, describe, expect, test } from "bun:test";
import { keysOf } from "../../../../lib/contract/keys.ts";
import type { PanicEvent } from "../../../../lib/contract/panic.ts";
import { systemClock } from "../../../../lib/daemon/clock.ts";
import { PanicCaller } from "../../../../lib/emergency/watchdog/panic-caller.ts";
import {
  RedisOutcomeUnknownError,
  RedisReplyError,
  RedisUnavailableError,
} from "../../../../lib/redis/redis-errors.ts";
import type { RedisArgument, RedisReply } from "../../../../lib/redis/reply.ts";
import { keptLog } from "../../../support/quiet-log.ts";
import { waitUntil } from "../../../support/wait-until.ts";
import { latchOf } from "./watching.ts";

const EVENT: PanicEvent = latchOf().event;
const stopping: AbortController[] = [];
afterEach(() => {
  for (const one of stopping.splice(0)) one.abort();
});

/** A caller over a scripted Redis: each XADD meets the next fate, the last one for ever. */
function callerOver(fates: readonly ("taken" | "lost-reply" | "not-sent" | "oom")[], state = "ready") {
  const stream: PanicEvent[] = [];
  let attempts = 0;
  const outside: { haltOf: string; worker: string | undefined; asked: number; looksRefused: number } = {
    ...{ haltOf: "", worker: "refuses", asked: 0, looksRefused: 0 },
  };
  const command = async (args: readonly RedisArgument[]): Promise<RedisReply> => {
    if (args[0] === "XREVRANGE" && outside.looksRefused-- > 0) throw new RedisUnavailableError("down");
    if (args[0] === "XREVRANGE") return stream.map(({ event_id }) => ["1-1", ["event_id", event_id]]);
    const fate = fates[Math.min(attempts, fates.length - 1)];
    attempts += 1;
    if (fate === "not-sent") throw new RedisUnavailableError("down");
    if (fate === "oom") throw new RedisReplyError("OOM command not allowed");
    stream.push({ ...EVENT, event_id: String(args[args.indexOf("event_id") + 1]) });
    if (fate === "lost-reply") throw new RedisOutcomeUnknownError("REDIS_DEADLINE", "no reply");
    return "1-1";
  };
  const caller = new PanicCaller({
    redis: { command, state: { kind: state }, deadlineMs: 500, serverNowMs: () => 0 },
    ...{ keys: keysOf(""), clock: systemClock, log: keptLog() },
    askWorker: async () => {
      outside.asked += 1;
      return outside.worker;
    },
    haltStands: (eventId) => outside.haltOf === eventId,
  });
  const stop = new AbortController();
  stopping.push(stop);
  void caller.run(stop.signal);
  return { caller, stream, outside, attempts: () => attempts };
}

const now = { latched: Promise.resolve(), before: false };

describe("publication", () => {
  test("what was written although its reply was lost is found, and not written again", async () => {
    const { caller, stream } = callerOver(["lost-reply"]);
    caller.call(EVENT, now);
    await waitUntil("it is confirmed", () => caller.progress().published);
    expect(stream).toHaveLength(1);
  });

  test("an attempt that was not sent takes no doubt away from an earlier one", async () => {
    const { caller, stream, outside } = callerOver(["lost-reply", "taken"]);
    outside.looksRefused = 2;
    caller.call(EVENT, now);
    await waitUntil("it is confirmed", () => caller.progress().published);
    expect(stream).toHaveLength(1);
  });

  test("it goes on also when another panic is called meanwhile: the stream gets both", async () => {
    const { caller, stream } = callerOver(["oom", "oom", "oom", "taken"]);
    caller.call(EVENT, now);
    caller.call({ ...EVENT, event_id: crypto.randomUUID() }, now);
    await waitUntil("it is confirmed", () => caller.progress().published);
    await waitUntil("both are there", () => stream.length === 2);
  });

  test("it goes on until Redis takes it", async () => {
    const { caller, stream, attempts } = callerOver(["not-sent", "oom", "oom", "taken"]);
    caller.call(EVENT, now);
    await waitUntil("it is confirmed", () => caller.progress().published);
    expect([stream.length, attempts()]).toEqual([1, 4]);
  });

  test("a panic that an earlier process may have published is looked for first", async () => {
    const { caller, stream, attempts } = callerOver(["taken"]);
    stream.push(EVENT);
    caller.call(EVENT, { ...now, before: true });
    await waitUntil("it is confirmed", () => caller.progress().published);
    expect(attempts()).toBe(0);
  });

  test("nothing is called before the latch is written", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { caller, outside, attempts } = callerOver(["taken"], "down");
    caller.call(EVENT, { latched: promise, before: false });
    await systemClock.sleep(50);
    expect([attempts(), outside.asked]).toEqual([0, 0]);
    resolve();
    await waitUntil("it is confirmed", () => caller.progress().published);
  });
});

describe("the worker's socket", () => {
  test("is tried at once when Redis is not there, until the worker takes it", async () => {
    const { caller, outside } = callerOver(["not-sent"], "down");
    caller.call(EVENT, now);
    await waitUntil("it is asked more than once", () => outside.asked > 1);
    expect(caller.progress()).toEqual({ accepted: false, published: false });
    outside.worker = undefined;
    await waitUntil("it took it", () => caller.progress().accepted);
    expect(caller.progress().published).toBe(false);
  });

  test("is not touched at once by a process that goes on with a panic, and has no Redis yet", async () => {
    const { caller, outside } = callerOver(["not-sent"], "down");
    caller.call(EVENT, { ...now, before: true });
    await systemClock.sleep(300);
    expect(outside.asked).toBe(0);
    await waitUntil("it is asked", () => outside.asked > 0);
  });

  test("is not touched when Redis takes it and the halt follows", async () => {
    const { caller, outside } = callerOver(["taken"]);
    outside.haltOf = EVENT.event_id;
    caller.call(EVENT, now);
    await systemClock.sleep(1300);
    expect(outside.asked).toBe(0);
  });

  test("is tried when Redis takes it and the halt that stands is an earlier panic's", async () => {
    const { caller, outside } = callerOver(["taken"]);
    outside.haltOf = crypto.randomUUID();
    caller.call(EVENT, now);
    await waitUntil("the worker is asked", () => outside.asked > 0);
    expect(caller.progress().published).toBe(true);
  });

  test("is left alone after an operator's reset", async () => {
    const { caller, outside } = callerOver(["oom"]);
    caller.call(EVENT, now);
    caller.withdraw();
    await systemClock.sleep(1300);
    expect(outside.asked).toBe(0);
    expect(caller.progress()).toEqual({ accepted: false, published: false });
  });
});
