import { expect, test } from "bun:test";
import { tradeRate } from "../../../lib/gates/trade-rate.ts";
import { VALID_ENTRY } from "./valid-entry.ts";

test.each([
  [0, "pass"],
  [2, "pass"],
  [3, "held"],
  [4, "held"],
  [-1, "held"],
  [Number.NaN, "held"],
  [Number.POSITIVE_INFINITY, "held"],
] as const)("%p trades in the last 600 s against a maximum of 3: %s", (tradesLast10Min, verdict) => {
  expect(tradeRate.decide({ ...VALID_ENTRY, tradesLast10Min }).verdict).toBe(verdict);
});

test("a maximum of 0 holds every entry, with both numbers", () => {
  const limits = { ...VALID_ENTRY.limits, MAX_TRADES_10MIN: 0 };
  expect(tradeRate.decide({ ...VALID_ENTRY, limits })).toEqual({
    verdict: "held",
    reason: "RATE_LIMIT",
    detail: { tradesLast10Min: 0, maxTrades10Min: 0 },
  });
});
