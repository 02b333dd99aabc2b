import type { SymbolRules } from "../../lib/exchange/symbol-rules.ts";

/** BTCUSDT as live has it. */
export const BTC_RULES: SymbolRules = {
  symbol: "BTCUSDT",
  status: "TRADING",
  quoteAsset: "USDT",
  tickSize: "0.1",
  priceMin: "261.1",
  priceMax: "809484",
  lot: { min: "0.001", max: "1000", step: "0.001" },
  marketLot: { min: "0.001", max: "120", step: "0.001" },
  minNotionalUsd: "100",
};

/** ETHUSDT: 20 USD at least, 2000 at most in a market order. */
export const ETH_RULES: SymbolRules = {
  ...BTC_RULES,
  ...{ symbol: "ETHUSDT", tickSize: "0.01", priceMin: "1", priceMax: "100000", minNotionalUsd: "20" },
  lot: { min: "0.001", max: "10000", step: "0.001" },
  marketLot: { min: "0.001", max: "2000", step: "0.001" },
};
