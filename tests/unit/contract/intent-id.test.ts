import { expect, test } from "bun:test";
import { intentIdOf, realId } from "../../../lib/contract/intent-id.ts";

const IDENTITY = {
  traceId: "trace-1",
  symbol: "BTCUSDT",
  action: "BUY",
  timestampMs: 1_700_000_000_000,
  strategy: "s",
  entryPrice: "42000.1",
};

test.each([["0"], ["null"], ["none"], ["None"], [""], ["  "], [undefined], [null]])("%p is no id", (text) => {
  expect(realId(text)).toBeUndefined();
});

test("with a real trace id, the price and the time do not matter", () => {
  expect(intentIdOf({ ...IDENTITY, entryPrice: "1", timestampMs: 5 })).toBe(intentIdOf(IDENTITY));
  expect(intentIdOf({ ...IDENTITY, action: "SELL" })).not.toBe(intentIdOf(IDENTITY));
  expect(intentIdOf({ ...IDENTITY, traceId: "trace-2" })).not.toBe(intentIdOf(IDENTITY));
});

test.each([["symbol"], ["action"], ["timestampMs"], ["strategy"], ["entryPrice"]] as const)(
  "without a trace id, %s matters",
  (field) => {
    const anonymous = { ...IDENTITY, traceId: "0" };
    const other = { ...anonymous, [field]: field === "timestampMs" ? 6 : "other" };
    expect(intentIdOf(other)).not.toBe(intentIdOf(anonymous));
  },
);

test("an id is 32 hex digits, and parts cannot run into each other", () => {
  expect(intentIdOf(IDENTITY)).toMatch(/^[0-9a-f]{32}$/);
  const left = intentIdOf({ ...IDENTITY, traceId: "a", symbol: "bc" });
  expect(left).not.toBe(intentIdOf({ ...IDENTITY, traceId: "ab", symbol: "c" }));
});
