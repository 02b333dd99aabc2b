import { expect, test } from "bun:test";
import { RateLimiter } from "../../../lib/routing/rate-limiter.ts";

const LIMITS = { windowMs: 1000, globalMax: 3, symbolMax: 2 };

test("one more than the maximum inside a window trips, and the window slides", () => {
  const limiter = new RateLimiter(LIMITS);
  expect(["A", "B", "C"].map((symbol) => limiter.judge(symbol, 0))).toEqual(["allow", "allow", "allow"]);
  expect(limiter.judge("D", 999)).toBe("trip_global");
  expect(limiter.judge("E", 1999)).toBe("allow");
});

test("a symbol has its own limit", () => {
  const limiter = new RateLimiter(LIMITS);
  expect(limiter.judge("A", 0)).toBe("allow");
  expect(limiter.judge("A", 1)).toBe("allow");
  expect(limiter.judge("A", 2)).toBe("trip_symbol");
});

test("what Redis admitted counts, so that the first use after its fault is right", () => {
  const limiter = new RateLimiter(LIMITS);
  for (const symbol of ["A", "B", "C"]) limiter.note(symbol, 10);
  expect(limiter.judge("D", 20)).toBe("trip_global");
});
