import { describe, expect, test } from "bun:test";
import { KNOWN_SETTINGS } from "../../../lib/daemon/known-settings.ts";
import { executionSettingFaults, executionSettings } from "../../../lib/execution/settings.ts";
import { DEFAULT_GATE_LIMITS } from "../../../lib/gates/gate-limits.ts";
import { PAPER_SHAPE } from "../../../lib/paper/settings.ts";
import { routerSettingFaults, routerSettings } from "../../../lib/routing/settings.ts";

describe("the gates' settings", () => {
  test("are the contract's numbers when nothing is set", () => {
    for (const [name, value] of Object.entries(DEFAULT_GATE_LIMITS)) {
      const schema = new Map(Object.entries(executionSettings)).get(name);
      expect({ [name]: schema?.parse(undefined) }).toEqual({ [name]: value });
    }
  });

  test.each([
    ["MIN_NOTIONAL_USD", "-1"],
    ["MIN_NOTIONAL_USD", "1e3"],
    ["MIN_NOTIONAL_USD", "NaN"],
    ["EDGE_MULTIPLIER", "3,0"],
    ["EDGE_MULTIPLIER", "1001"],
    ["MIN_HOLD_SECONDS", "1.5"],
    ["MAX_TRADES_10MIN", "three"],
    ["MIN_R_TREND", "Infinity"],
    ["FRICTION_FEE_PCT", "101"],
    ["GATE_MODE", "off"],
  ])("%s=%s is a fault, never the default", (name, value) => {
    const schema = new Map(Object.entries(executionSettings)).get(name);
    expect(schema?.safeParse(value).success).toBe(false);
  });
});

test.each([
  ["TESTNET", 2],
  ["LIVE", 2],
  ["PAPER", 0],
] as const)("%s without credentials has %d faults", (mode, faults) => {
  expect(executionSettingFaults({ TRADING_MODE: mode })).toHaveLength(faults);
});

test("a cooldown shorter than the window is a fault", () => {
  expect(routerSettingFaults({ SAFETY_WINDOW_SEC: 10, SAFETY_FAULT_COOLDOWN_SEC: 9 })).toHaveLength(1);
  expect(routerSettingFaults({ SAFETY_WINDOW_SEC: 10, SAFETY_FAULT_COOLDOWN_SEC: 10 })).toEqual([]);
});

test("every role's settings are known to every role, or a foreign one would look misspelt", () => {
  const declared = Object.keys({ ...executionSettings, ...routerSettings, ...PAPER_SHAPE });
  const known = new Set<string>(KNOWN_SETTINGS);
  expect(declared.filter((name) => !known.has(name))).toEqual([]);
});
