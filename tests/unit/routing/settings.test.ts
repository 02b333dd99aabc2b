import { expect, test } from "bun:test";
import { readConfiguration } from "../../../lib/daemon/configuration.ts";
import { ConfigurationError } from "../../../lib/daemon/configuration-fault.ts";
import {
  admissionLimits,
  decisionBounds,
  routerSettingFaults,
  routerSettings,
} from "../../../lib/routing/settings.ts";

function read(environment: Readonly<Record<string, string>>) {
  const spec = { role: "ai-strategy-router", settings: routerSettings, check: routerSettingFaults } as const;
  return readConfiguration({
    spec,
    environment: { TRADING_MODE: "PAPER", ...environment },
    hostname: "host",
  });
}

function faultsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults.map((fault) => fault.name);
  }
}

test("without a word the limits are the contract's", () => {
  expect(admissionLimits(read({}), 7)).toEqual({
    ...{ windowSec: 10, globalMax: 20, symbolMax: 5, cooldownSec: 300, window: "sliding" },
    ...{ dailyMax: 1_000_000, backlogMax: 1000, routerPid: 7 },
  });
  expect(decisionBounds(read({}))).toEqual({ ageMaxMs: 600_000, confidenceMin: 0.65, leverageMax: 20 });
  expect(read({})).toMatchObject({ SAFETY_ON_ERROR: "open", SAFETY_SAFE_MODE_DEFAULT: false });
});

test.each([
  ["PAPER", 1_000_000],
  ["TESTNET", 1_000_000],
  ["LIVE", 200],
])("in %s the day has %d trades, unless it is said otherwise", (mode, most) => {
  expect(admissionLimits(read({ TRADING_MODE: mode }), 1).dailyMax).toBe(most);
  expect(admissionLimits(read({ TRADING_MODE: mode, GOVERNOR_MAX_DAILY_TRADES: "9" }), 1).dailyMax).toBe(9);
});

test("a cooldown shorter than the window is a fault, one as long is not", () => {
  expect(faultsOf({ SAFETY_WINDOW_SEC: "60", SAFETY_FAULT_COOLDOWN_SEC: "59" })).toEqual([
    "SAFETY_FAULT_COOLDOWN_SEC",
  ]);
  expect(faultsOf({ SAFETY_WINDOW_SEC: "60", SAFETY_FAULT_COOLDOWN_SEC: "60" })).toEqual([]);
});

test.each([
  ["SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW", "0"],
  ["SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW", "-1"],
  ["SAFETY_WINDOW", "slidng"],
  ["SAFETY_ON_ERROR", "Open"],
  ["INTENT_BACKLOG_MAX", "1e3"],
  ["MIN_CONFIDENCE", "1.1"],
  ["MAX_LEVERAGE", "126"],
])("%s=%s is a fault, not a default", (name, value) => {
  expect(faultsOf({ [name]: value })).toEqual([name]);
});
