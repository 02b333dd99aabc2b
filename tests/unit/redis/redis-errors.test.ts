import { describe, expect, test } from "bun:test";
import { createBackOff } from "../../../lib/redis/back-off.ts";
import {
  isRedisOutage,
  isRedisTrouble,
  RedisOutcomeUnknownError,
  RedisReplyError,
  RedisUnavailableError,
} from "../../../lib/redis/redis-errors.ts";
import { refusalAfter } from "../../../lib/redis/redis-state.ts";

const OOM = new RedisReplyError("OOM command not allowed when used memory > 'maxmemory'.");
const WRONGTYPE = new RedisReplyError("WRONGTYPE Operation against a key holding the wrong kind of value");

describe("errors", () => {
  test.each([
    ["OOM", OOM.message, true],
    ["READONLY", "READONLY You can't write against a read only replica.", true],
    ["NOREPLICAS", "NOREPLICAS Not enough good replicas to write.", true],
    ["MOVED", "MOVED 3999 127.0.0.1:6381", true],
    ["ASK", "ASK 3999 127.0.0.1:6381", true],
    ["CROSSSLOT", "CROSSSLOT Keys in request don't hash to the same slot", true],
    ["WRONGTYPE", WRONGTYPE.message, false],
    ["NOGROUP", "NOGROUP No such key", false],
    ["ERR", "no code at all", false],
  ])("%s is the code of: %s", (code, message, transient) => {
    const error = new RedisReplyError(message);
    expect(error.code).toBe(code);
    expect(error.transient).toBe(transient);
    expect(isRedisOutage(error)).toBe(transient);
  });

  test("an expired call of a server-side function is Redis' trouble, a bug is not", () => {
    expect(isRedisTrouble(Object.assign(new Error("late"), { code: "CALL_EXPIRED" }))).toBe(true);
    expect(isRedisTrouble(new RedisUnavailableError("gone"))).toBe(true);
    expect(isRedisTrouble(new RedisOutcomeUnknownError("REDIS_DEADLINE", "late"))).toBe(true);
    expect(isRedisTrouble(new TypeError("x is undefined"))).toBe(false);
    expect(isRedisTrouble("text")).toBe(false);
  });
});

describe("a refusal", () => {
  test("begins with a transient error and ends with a plain write that passed", () => {
    const begun = refusalAfter(undefined, { args: ["FCALL"], error: OOM });
    expect(begun).toBe(OOM.message);
    expect(refusalAfter(begun, { args: ["GET", "a"] })).toBe(OOM.message);
    expect(refusalAfter(begun, { args: ["FCALL", "reads_only"] })).toBe(OOM.message);
    expect(refusalAfter(begun, { args: ["SET", "a", "b"] })).toBeUndefined();
  });

  test.each([
    ["MOVED", "REDIS_URL"],
    ["ASK", "REDIS_URL"],
    ["CROSSSLOT", "QUANTUM_NAMESPACE"],
  ])("by a node of a cluster (%s) says what to do, in the same words for every key", (code, setting) => {
    const [one, other] = [3999, 866].map((slot) =>
      refusalAfter(undefined, {
        args: ["FCALL"],
        error: new RedisReplyError(`${code} ${slot} 10.0.0.${slot % 7}:6379`),
      }),
    );
    expect(one).toStartWith(`${code}: `);
    expect(one).toContain(setting);
    expect(other).toBe(one);
  });

  test("does not begin with an error about the command", () => {
    expect(refusalAfter(undefined, { args: ["XADD"], error: WRONGTYPE })).toBeUndefined();
  });
});

test("waits double up to the bound, with jitter between half and the whole", () => {
  for (const [random, expected] of [
    [0, [50, 100, 200, 400, 500, 500]],
    [1, [100, 200, 400, 800, 1000, 1000]],
  ] as const) {
    const backOff = createBackOff({ firstMs: 100, maxMs: 1000, random: () => random });
    expect(Array.from({ length: 6 }, () => backOff.next())).toEqual([...expected]);
    backOff.reset();
    expect(backOff.next()).toBe(expected[0]);
  }
});
