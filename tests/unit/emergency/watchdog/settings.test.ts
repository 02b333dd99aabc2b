import { describe, expect, test } from "bun:test";
import { readConfiguration } from "../../../../lib/daemon/configuration.ts";
import { ConfigurationError } from "../../../../lib/daemon/configuration-fault.ts";
import { watchdogSettingFaults, watchdogSettings } from "../../../../lib/emergency/watchdog/settings.ts";

const spec = {
  role: "exit-brain-watchdog",
  settings: watchdogSettings,
  check: watchdogSettingFaults,
} as const;
const read = (environment: Readonly<Record<string, string>>) =>
  readConfiguration({ spec, environment: { TRADING_MODE: "PAPER", ...environment }, hostname: "host" });

function faultsOf(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.faults.map(({ name }) => name);
  }
}

test("without anything but a mode it has the contract's defaults", () => {
  const settings = read({});
  expect(settings.REDIS_LOST_MAX_SEC).toBe(60);
  expect(settings.EXIT_BRAIN_URL.reveal()).toBe("http://127.0.0.1:8008");
  expect(settings.HALT_FILE).toBe("/run/quantum/halted");
  expect(settings.PANIC_SOCKET).toBe("/run/quantum/panic.sock");
});

describe("faults", () => {
  test.each([
    [{ REDIS_LOST_MAX_SEC: "0" }, ["REDIS_LOST_MAX_SEC"]],
    [{ EXIT_BRAIN_URL: "unix:///run/brain.sock" }, ["EXIT_BRAIN_URL"]],
    [{ EXCHANGE_REST_URL: "https://fapi.binance.com" }, ["EXCHANGE_REST_URL"]],
    [{ TRADING_MODE: "LIVE" }, ["BINANCE_API_KEY", "BINANCE_API_SECRET"]],
    [
      { TRADING_MODE: "TESTNET", BINANCE_API_KEY: "paper", BINANCE_API_SECRET: "s3cret" },
      ["BINANCE_API_KEY"],
    ],
  ])("%p is refused", (environment, names) => {
    expect(faultsOf(environment)).toEqual(names);
  });
});
