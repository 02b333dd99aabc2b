import { describe, expect, test } from "bun:test";
import { type Decision, decodeDecision } from "../../../lib/contract/decision.ts";

const SOUND = {
  symbol: "BTCUSDT",
  side: "BUY",
  confidence: 0.8,
  entry_price: 42000.1,
  quantity: "0.010",
  leverage: 5,
  stop_loss: 41000,
  take_profit: 45000,
  trail_percent: 1.5,
  model: "NHiTS",
  regime: "trend",
  timestamp: "2026-01-02T03:04:05Z",
};

const decode = (payload: object, ids: Record<string, string> = {}) =>
  decodeDecision({ payload: JSON.stringify(payload), ...ids });

function decision(payload: object): Decision {
  const decoded = decode(payload);
  if (decoded.kind !== "decision") throw new Error(`not a decision: ${JSON.stringify(decoded)}`);
  return decoded.decision;
}

describe("a decision", () => {
  test("keeps prices as canonical decimal text", () => {
    expect(decision(SOUND)).toMatchObject({
      symbol: "BTCUSDT",
      action: "BUY",
      entryPrice: "42000.1",
      quantity: "0.01",
      stopLoss: "41000",
      regime: "TREND",
      timestampMs: Date.UTC(2026, 0, 2, 3, 4, 5),
    });
  });

  test("is read from a flat entry without payload, all of it text", () => {
    const flat = Object.fromEntries(Object.entries(SOUND).map(([name, value]) => [name, String(value)]));
    const decoded = decodeDecision({ ...flat, correlation_id: "c", trace_id: "t" });
    const expected = { ...decision(SOUND), correlationId: "c", traceId: "t" };
    expect(decoded).toEqual({ kind: "decision", decision: expected });
  });

  test.each([["HOLD"], ["SKIP"], ["hold"]])("that says %s is no intent, whatever else it lacks", (action) => {
    expect(decode({ action, confidence: "x", model: {} }).kind).toBe("skip");
  });

  test("may be called action instead of side, but not both with different words", () => {
    const { side: _side, ...rest } = SOUND;
    expect(decision({ ...rest, action: "close" }).action).toBe("CLOSE");
    expect(decode({ ...SOUND, action: "SELL" })).toMatchObject({ kind: "invalid", detail: "SIDE_CONFLICT" });
  });

  test.each([
    ["leverage", { leverage: 0 }],
    ["confidence", { confidence: 87 }],
    ["a stop", { stop_loss: -1 }],
    ["an expected move", { expected_move_usd: -12.5 }],
    ["a trailing stop", { trail_percent: "nan" }],
    ["a price", { entry_price: "market" }],
    ["a size", { position_size_usd: Number.POSITIVE_INFINITY.toString() }],
    ["a model", { model: {} }],
    ["a flag", { reduce_only: "maybe" }],
    ["an id", { correlation_id: ["c"] }],
  ])("to close stands whatever it gives as %s", (_name, change) => {
    const { quantity, leverage } = decision({ ...SOUND, side: "CLOSE", ...change });
    expect([quantity, leverage]).toEqual(["0.01", "leverage" in change ? 1 : 5]);
  });

  test("that only reduces stands without what only an entry needs", () => {
    expect(decision({ ...SOUND, side: "SELL", reduce_only: true, stop_loss: [] }).stopLoss).toBeUndefined();
  });

  test("names a contract in any script", () => {
    expect(decision({ ...SOUND, symbol: "币安人生usdt" }).symbol).toBe("币安人生USDT");
  });

  test("keeps unknown fields aside", () => {
    expect(decision({ ...SOUND, shap_values: [1, 2, 3], nested: { a: 1 } })).toEqual(decision(SOUND));
  });

  test.each([
    ["0", undefined],
    [0, undefined],
    ["", undefined],
    [null, undefined],
    ["1.50", "1.5"],
    [1e-7, "0.0000001"],
  ])("reads amount %p as %p: zero is how engines write 'not set'", (raw, expected) => {
    expect(decision({ ...SOUND, stop_loss: raw }).stopLoss).toBe(expected);
  });
});

test.each([
  ["is no number", "NaN", "NOT_A_NUMBER"],
  ["is negative", -300, "NOT_A_NUMBER"],
  ["is a list", [300], "FIELD_TYPE"],
])(
  "a decision that reduces by a size in USD is invalid where that %s: it was not to close all",
  (_is, size, detail) => {
    const sized = { ...SOUND, side: "SELL", reduce_only: true, quantity: null, position_size_usd: size };
    expect(decode(sized)).toMatchObject({ kind: "invalid", detail });
    expect(decision({ ...sized, quantity: "0.01" }).quantity).toBe("0.01");
    expect(decision({ ...sized, side: "CLOSE" }).positionSizeUsd).toBeUndefined();
  },
);

test.each([
  ["quantity", { quantity: "all" }, "NOT_A_NUMBER"],
  ["quantity", { quantity: {} }, "FIELD_TYPE"],
  ["symbol", { symbol: {} }, "FIELD_TYPE"],
  ["timestamp", { timestamp: null }, "TIMESTAMP_MISSING"],
])("to close is invalid without a sound %s", (_name, change, detail) => {
  expect(decode({ ...SOUND, side: "CLOSE", ...change })).toMatchObject({ kind: "invalid", detail });
});

test.each([
  ["no symbol", { symbol: undefined }, "SYMBOL_MISSING"],
  ["a symbol that is none", { symbol: "BTC/USDT:*" }, "SYMBOL_MISSING"],
  ["no side", { side: undefined }, "SIDE_MISSING"],
  ["an unknown side", { side: "LONG" }, "SIDE_MISSING"],
  ["no timestamp", { timestamp: undefined }, "TIMESTAMP_MISSING"],
  ["a timestamp that is none", { timestamp: "yesterday" }, "TIMESTAMP_MISSING"],
  ["NaN as a price", { entry_price: "NaN" }, "NOT_A_NUMBER"],
  ["infinity as a quantity", { quantity: "Infinity" }, "NOT_A_NUMBER"],
  ["a negative stop", { stop_loss: -1 }, "NOT_A_NUMBER"],
  ["an absurd price", { entry_price: 1e300 }, "NOT_A_NUMBER"],
  ["a hexadecimal quantity", { quantity: "0x10" }, "NOT_A_NUMBER"],
  ["a boolean price", { entry_price: true }, "NOT_A_NUMBER"],
  ["confidence above one", { confidence: 1.01 }, "NOT_A_NUMBER"],
  ["leverage of zero", { leverage: 0 }, "LEVERAGE_OUT_OF_BOUNDS"],
  ["leverage of a half", { leverage: 2.5 }, "LEVERAGE_OUT_OF_BOUNDS"],
  ["leverage above the venue's", { leverage: 126 }, "LEVERAGE_OUT_OF_BOUNDS"],
  ["reduce_only that is neither", { reduce_only: "maybe" }, "FIELD_TYPE"],
  ["a list as a price", { entry_price: [1] }, "FIELD_TYPE"],
])("%s is invalid, with its detail", (_name, change, detail) => {
  expect(decode({ ...SOUND, ...change })).toMatchObject({ kind: "invalid", detail });
});

test.each([
  ["{not json", "payload is not JSON"],
  ["[]", "payload is not a JSON object"],
  ["null", "payload is not a JSON object"],
  ["12", "payload is not a JSON object"],
])("payload %p does not parse", (payload, reason) => {
  expect(decodeDecision({ payload })).toEqual({ kind: "undecodable", reason });
});
