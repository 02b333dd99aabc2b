import { expect, test } from "bun:test";
import Big from "big.js";
import { edgeAgainstFriction } from "../../../lib/gates/edge-against-friction.ts";
import { frictionPct, frictionUsd } from "../../../lib/gates/friction.ts";
import { DEFAULT_LIMITS, VALID_ENTRY } from "./valid-entry.ts";

test("100 USD of notional lose 0.22 USD by default", () => {
  const pct = frictionPct(DEFAULT_LIMITS);
  if (pct === undefined) throw new Error("the defaults cannot be read");
  expect(frictionUsd(new Big("100"), pct).toFixed()).toBe("0.22");
});

test.each([
  ["FRICTION_FEE_PCT", "0.14"],
  ["FRICTION_FUNDING_PCT", "0.13"],
  ["FRICTION_SLIPPAGE_PCT", "0.15"],
  ["FRICTION_NOISE_PCT", "0.2"],
])("%s counts for itself", (name, more) => {
  expect(frictionPct({ ...DEFAULT_LIMITS, [name]: more })?.toFixed()).toBe("0.32");
});

test("an entry whose friction cannot be read is held", () => {
  const limits = { ...DEFAULT_LIMITS, FRICTION_NOISE_PCT: "a tenth" };
  expect(frictionPct(limits)).toBeUndefined();
  expect(edgeAgainstFriction.decide({ ...VALID_ENTRY, limits })).toMatchObject({
    verdict: "held",
    detail: { frictionUsd: "NaN" },
  });
});
