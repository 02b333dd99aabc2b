import { expect, test } from "bun:test";
import { createRateLimits } from "../../../lib/paper/http/rate-limits.ts";

const SETTINGS = {
  weightPerMinute: 10,
  ordersPer10Sec: 3,
  ordersPerMinute: 5,
  offencesBeforeBan: 2,
  banSec: 120,
};
const MINUTE_MS = 60_000;
const START_MS = 100 * MINUTE_MS;

const read = (weight: number, nowMs = START_MS) => ({ weight, orders: 0, nowMs });
const order = (nowMs: number) => ({ weight: 0, orders: 1, nowMs });

test("weight is counted by the minute and shown in the header", () => {
  const limits = createRateLimits(SETTINGS);
  expect(limits.spend(read(4))).toBeUndefined();
  expect(limits.headers(false, START_MS)).toEqual([["X-MBX-USED-WEIGHT-1M", "4"]]);
  expect(limits.headers(false, START_MS + MINUTE_MS)).toEqual([["X-MBX-USED-WEIGHT-1M", "0"]]);
});

test("too much weight is answered 429 with the seconds to the next minute", () => {
  const limits = createRateLimits(SETTINGS);
  limits.spend(read(10));
  const refusal = limits.spend(read(1, START_MS + 20_500));
  expect([refusal?.status, refusal?.code, refusal?.retryAfterSec]).toEqual([429, -1003, 40]);
  expect(limits.spend(read(1, START_MS + MINUTE_MS))).toBeUndefined();
});

test("who goes on asking after 429 is banned, each time for twice as long", () => {
  const limits = createRateLimits(SETTINGS);
  const flood = (nowMs: number) => {
    limits.spend(read(10, nowMs));
    return [1, 2, 3].map(() => limits.spend(read(1, nowMs))).at(-1);
  };
  const first = flood(START_MS);
  expect([first?.status, first?.code, first?.retryAfterSec]).toEqual([418, -1003, 120]);
  expect(limits.spend(read(1, START_MS + 119_000))?.retryAfterSec).toBe(1);
  expect(flood(START_MS + 2 * MINUTE_MS)?.retryAfterSec).toBe(240);
});

test("orders are limited in ten seconds and in a minute", () => {
  const limits = createRateLimits(SETTINGS);
  for (let count = 0; count < 3; count += 1) expect(limits.spend(order(START_MS))).toBeUndefined();
  const fast = limits.spend(order(START_MS + 4000));
  expect([fast?.status, fast?.code, fast?.retryAfterSec]).toEqual([429, -1015, 6]);
  for (let count = 0; count < 2; count += 1) expect(limits.spend(order(START_MS + 10_000))).toBeUndefined();
  const many = limits.spend(order(START_MS + 20_000));
  expect([many?.code, many?.retryAfterSec]).toEqual([-1015, 40]);
  expect(limits.headers(true, START_MS + 20_000)).toEqual([
    ["X-MBX-USED-WEIGHT-1M", "0"],
    ["X-MBX-ORDER-COUNT-10S", "0"],
    ["X-MBX-ORDER-COUNT-1M", "5"],
  ]);
});
