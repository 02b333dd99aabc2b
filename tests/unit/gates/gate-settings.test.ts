import { expect, test } from "bun:test";
import { z } from "zod";
import { GATE_SETTINGS } from "../../../lib/gates/gate-settings.ts";
import { DEFAULT_LIMITS } from "./valid-entry.ts";

const schema = z.strictObject(GATE_SETTINGS);

test("an empty environment gives the contract's defaults", () => {
  expect(DEFAULT_LIMITS).toEqual({
    MIN_NOTIONAL_USD: "25",
    EDGE_MULTIPLIER: "3.0",
    MIN_HOLD_SECONDS: 300,
    MAX_TRADES_10MIN: 3,
    MIN_R_TREND: "2.5",
    MIN_R_RANGE: "1.8",
    FRICTION_FEE_PCT: "0.04",
    FRICTION_FUNDING_PCT: "0.03",
    FRICTION_SLIPPAGE_PCT: "0.05",
    FRICTION_NOISE_PCT: "0.10",
    GATE_MODE: "auto",
  });
});

test.each([
  ["MIN_NOTIONAL_USD", ""],
  ["MIN_NOTIONAL_USD", "-1"],
  ["MIN_NOTIONAL_USD", "1e3"],
  ["MIN_NOTIONAL_USD", "NaN"],
  ["EDGE_MULTIPLIER", "3,0"],
  ["EDGE_MULTIPLIER", "1001"],
  ["MIN_HOLD_SECONDS", "1.5"],
  ["MIN_HOLD_SECONDS", "99999999"],
  ["MAX_TRADES_10MIN", "three"],
  ["MIN_R_TREND", "Infinity"],
  ["FRICTION_FEE_PCT", "101"],
  ["GATE_MODE", "off"],
])("%s=%s is a fault, never the default", (name, value) => {
  expect(schema.safeParse({ [name]: value }).success).toBe(false);
});

test("every variable is described for the configuration reference", () => {
  for (const [name, setting] of Object.entries(GATE_SETTINGS)) {
    expect([name, setting.description ?? ""]).toEqual([name, expect.stringMatching(/\.$/)]);
  }
});
