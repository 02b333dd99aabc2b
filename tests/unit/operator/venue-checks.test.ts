import { expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { venueChecks } from "../../../lib/operator/doctor/venue-checks.ts";

const NOW_MS = 1_800_000_000_000;
const state = { kind: "ready", sinceMs: 0, lastError: undefined, refusal: undefined } as const;

/** What is said of a venue whose clock is apart from ours, with an account of which Redis has a record. */
function checksAt(apartMs: number, recorded: string) {
  const facts = { fingerprint: "ours", hedgeMode: false };
  return venueChecks({
    keys: keysOf(""),
    clock: { nowMs: () => NOW_MS },
    redis: { state, command: async ([name]) => (name === "TYPE" ? "string" : recorded) },
    exchange: () => ({
      connect: async () => ({ ok: true, value: facts }),
      probe: async () => ({ ok: true, value: facts }),
      serverNowMs: () => NOW_MS + apartMs,
    }),
  });
}

test.each([
  [0, "ok"],
  [1000, "ok"],
  [1001, "warning"],
  [-1001, "warning"],
] as const)("a clock %i ms from the venue's is %s", async (apartMs, verdict) => {
  const found = await checksAt(apartMs, "ours");
  expect(found.find(({ check }) => check === "clock")?.verdict).toBe(verdict);
});

test.each([
  ["ours", "ok"],
  ["another", "fault"],
] as const)("the account where Redis has a record of %s: %s", async (recorded, verdict) => {
  const found = await checksAt(0, recorded);
  expect(found.find(({ check }) => check === "account")?.verdict).toBe(verdict);
});
