import { expect, test } from "bun:test";
import { readSymbolRules } from "../../../lib/exchange/read-symbol-rules.ts";
import { BTC_RULES } from "../../support/symbol-rules.ts";

const PRICE = { filterType: "PRICE_FILTER", minPrice: "261.10", maxPrice: "809484", tickSize: "0.10" };
const LOT = { filterType: "LOT_SIZE", minQty: "0.001", maxQty: "1000", stepSize: "0.001" };
const MARKET_LOT = { filterType: "MARKET_LOT_SIZE", minQty: "0.001", maxQty: "120", stepSize: "0.001" };
const NOTIONAL = { filterType: "MIN_NOTIONAL", notional: "100" };
const OTHER = { filterType: "POSITION_RISK_CONTROL", positionControlSide: "NONE" };
const symbol = (...filters: object[]) => ({
  symbol: "BTCUSDT",
  pair: "BTCUSDT",
  status: "TRADING",
  quoteAsset: "USDT",
  filters,
});

test("the filters are read in canonical decimals; filters that we do not know are left alone", () => {
  expect(readSymbolRules(symbol(PRICE, LOT, OTHER, MARKET_LOT, NOTIONAL))).toEqual(BTC_RULES);
});

test("without a filter for market orders that of all orders holds; without a minimum there is none", () => {
  expect(readSymbolRules(symbol(PRICE, LOT))).toEqual({
    ...BTC_RULES,
    marketLot: BTC_RULES.lot,
    minNotionalUsd: "0",
  });
});

test.each([
  ["no price filter", symbol(LOT, NOTIONAL)],
  ["no lot filter", symbol(PRICE, NOTIONAL)],
  [
    "a minimum notional that cannot be read",
    symbol(PRICE, LOT, { filterType: "MIN_NOTIONAL", notional: "?" }),
  ],
  [
    "a market lot without a step",
    symbol(PRICE, LOT, { filterType: "MARKET_LOT_SIZE", minQty: "1", maxQty: "2" }),
  ],
  ["no filters at all", { symbol: "BTCUSDT", status: "TRADING", quoteAsset: "USDT" }],
  ["no object", null],
])("a symbol with %s has no rules: entries of it are denied", (_what, json) => {
  expect(readSymbolRules(json)).toBeUndefined();
});
