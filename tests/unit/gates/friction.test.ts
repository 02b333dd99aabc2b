import { expect, test } from "bun:test";
import Big from "big.js";
import { frictionParts, frictionUsd } from "../../../lib/gates/friction.ts";
import { DEFAULT_LIMITS } from "./valid-entry.ts";

test("100 USD of notional lose 0.22 USD by default", () => {
  expect(frictionUsd(new Big("100"), DEFAULT_LIMITS).toFixed()).toBe("0.22");
});

test("the parts add up to the total, each from its own setting", () => {
  const parts = frictionParts({ ...DEFAULT_LIMITS, FRICTION_NOISE_PCT: "0.2" });
  expect([parts.feePct, parts.fundingPct, parts.slippagePct, parts.noisePct].map(String)).toEqual([
    "0.04",
    "0.03",
    "0.05",
    "0.2",
  ]);
  expect(parts.totalPct.toFixed()).toBe("0.32");
});
