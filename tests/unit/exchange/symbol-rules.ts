import type { SymbolRules } from "../../../lib/exchange/symbol-rules.ts";

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
