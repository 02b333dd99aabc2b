import { createTradingMethods } from "./binance-trading.ts";
import { type BinanceOptions, openBinance } from "./binance-venue.ts";
import type { Exchange } from "./exchange.ts";

/** The whole port for one account. Sends nothing until it is asked to. Throws ModeHostError. */
export function createBinanceExchange(options: BinanceOptions): Exchange {
  const { venue, transport } = openBinance(options);
  return { ...venue, ...createTradingMethods(transport, venue.premiumIndex) };
}
