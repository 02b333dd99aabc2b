import { expect, test } from "bun:test";
import { cooldown } from "../../../lib/gates/cooldown.ts";
import { VALID_ENTRY } from "./valid-entry.ts";

const { nowMs } = VALID_ENTRY;

test.each([
  ["never traded", null, "pass"],
  ["traded exactly 300 s ago", nowMs - 300_000, "pass"],
  ["traded 299.999 s ago", nowMs - 299_999, "held"],
  ["traded just now", nowMs, "held"],
  ["traded in the future, by a clock that is ahead", nowMs + 5000, "held"],
  ["a last trade that cannot be read", Number.NaN, "held"],
] as const)("a symbol that %s (%p): %s", (_what, lastTradeMs, verdict) => {
  expect(cooldown.decide({ ...VALID_ENTRY, lastTradeMs }).verdict).toBe(verdict);
});

test("a hold carries the age and the minimum", () => {
  expect(cooldown.decide({ ...VALID_ENTRY, lastTradeMs: nowMs - 1000 })).toEqual({
    verdict: "held",
    reason: "COOLDOWN",
    detail: { sinceTradeMs: 1000, minHoldSeconds: 300 },
  });
});
