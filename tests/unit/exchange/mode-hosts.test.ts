import { expect, test } from "bun:test";
import { venueAddress } from "../../../lib/exchange/mode-hosts.ts";

const MODES = ["PAPER", "TESTNET", "LIVE"] as const;

test.each([
  ["PAPER", "http://127.0.0.1:8099", "ws://127.0.0.1:8099"],
  ["TESTNET", "https://demo-fapi.binance.com", "wss://fstream.binancefuture.com"],
  ["LIVE", "https://fapi.binance.com", "wss://fstream.binance.com"],
] as const)("%s has its own addresses by default", (mode, restUrl, wsUrl) => {
  expect(venueAddress({ mode })).toEqual({ restUrl, wsUrl, faults: [] });
});

/** REST address → the one mode that may use it. */
test.each([
  ["http://127.0.0.1:8099", "PAPER"],
  ["http://localhost:1234/", "PAPER"],
  ["http://[::1]:8099", "PAPER"],
  ["https://127.0.0.1", "PAPER"],
  ["https://demo-fapi.binance.com", "TESTNET"],
  ["https://testnet.binancefuture.com/", "TESTNET"],
  ["https://fapi.binance.com", "LIVE"],
  ["https://fapi.binance.com:443", "LIVE"],
  ["http://fapi.binance.com", "none"],
  ["http://demo-fapi.binance.com", "none"],
  ["https://fapi.binance.com:8443", "none"],
  ["https://fapi.binance.com.example.org", "none"],
  ["https://example.org/fapi.binance.com", "none"],
  ["https://fapi.binance.com@example.org", "none"],
  ["https://user:pass@fapi.binance.com", "none"],
  ["http://127.0.0.1.example.org", "none"],
  ["http://10.0.0.1:8099", "none"],
  ["http://0.0.0.0:8099", "none"],
  ["ftp://127.0.0.1", "none"],
  ["http://127.0.0.1:8099/other", "none"],
  ["not a url", "none"],
] as const)("REST at %s: %s", (restUrl, allowed) => {
  const fitting = MODES.filter((mode) => venueAddress({ mode, restUrl }).faults.length === 0);
  expect(fitting).toEqual(MODES.filter((mode) => mode === allowed));
});

test.each([
  ["ws://127.0.0.1:8099", "PAPER"],
  ["wss://fstream.binancefuture.com", "TESTNET"],
  ["wss://fstream.binance.com", "LIVE"],
  ["ws://fstream.binance.com", "none"],
  ["https://fstream.binance.com", "none"],
] as const)("streams at %s: %s", (wsUrl, allowed) => {
  const fitting = MODES.filter((mode) => venueAddress({ mode, wsUrl }).faults.length === 0);
  expect(fitting).toEqual(MODES.filter((mode) => mode === allowed));
});

test("both faults are told at once, in words, without credentials from the URL", () => {
  const { faults } = venueAddress({
    mode: "PAPER",
    restUrl: "https://key:hunter2@fapi.binance.com",
    wsUrl: "wss://fstream.binance.com",
  });
  expect(faults.map((fault) => `${fault.name} ${fault.got}`)).toEqual([
    "EXCHANGE_REST_URL https://fapi.binance.com",
    "EXCHANGE_WS_URL wss://fstream.binance.com",
  ]);
  expect(faults[0]?.expected).toBe(
    "an address of this machine (127.0.0.1, localhost or [::1]), because TRADING_MODE is PAPER",
  );
});
