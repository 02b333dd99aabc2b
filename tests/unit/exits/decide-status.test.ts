import { expect, test } from "bun:test";
import { type CycleFacts, DEGRADATIONS, decideDegradations } from "../../../lib/exits/decide-status.ts";

const well: CycleFacts = {
  cycleMs: 500,
  positionsRead: true,
  positionsAgeMs: 2000,
  markAgeMs: 2000,
  unconfirmed: 0,
};

test("a cycle at every limit is ALIVE", () => {
  expect(decideDegradations(well)).toEqual([]);
});

test.each([
  ["longer than 500 ms", { cycleMs: 501 }, "CYCLE_SLOW"],
  ["with positions that could not be read", { positionsRead: false }, "POSITIONS_UNREADABLE"],
  ["with positions older than 2 s", { positionsAgeMs: 2001 }, "POSITIONS_UNREADABLE"],
  ["with a price older than 2 s", { markAgeMs: 2001 }, "PRICES_STALE"],
  ["without a price", { markAgeMs: Number.POSITIVE_INFINITY }, "PRICES_STALE"],
  ["with an exit that went nowhere", { unconfirmed: 1 }, "EXIT_UNCONFIRMED"],
] as const)("a cycle %s is DEGRADED", (_what, change, reason) => {
  expect(decideDegradations({ ...well, ...change })).toEqual([reason]);
});

test("all reasons are told, in the table's order", () => {
  const bad = { cycleMs: 900, positionsRead: false, positionsAgeMs: 1, markAgeMs: 9999, unconfirmed: 2 };
  expect<readonly string[]>(decideDegradations(bad)).toEqual(Object.keys(DEGRADATIONS));
});
