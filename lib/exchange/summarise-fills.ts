import Big from "big.js";
import { DOLLARS } from "./dollars.ts";
import type { Fills } from "./exchange.ts";
import type { VenueTrade } from "./venue-replies.ts";

/**
 * What trades add up to. A trade counts once by id and symbol, however often the venue repeats it.
 * `priceUsdOf` prices a fee asset that is no dollar; an asset without a price is named in the result.
 */
export function summariseFills(
  trades: readonly VenueTrade[],
  priceUsdOf: (asset: string) => string | undefined,
): Fills {
  const once = new Map(trades.map((trade) => [`${trade.symbol}:${trade.id}`, trade]));
  let [quantity, quote, fee, realised] = [new Big(0), new Big(0), new Big(0), new Big(0)];
  let lastTradeMs: number | null = null;
  const unpriced = new Set<string>();
  for (const trade of once.values()) {
    quantity = quantity.plus(trade.qty);
    quote = quote.plus(trade.quoteQty);
    realised = realised.plus(trade.realizedPnl);
    lastTradeMs = Math.max(lastTradeMs ?? 0, trade.time);
    const price = DOLLARS.has(trade.commissionAsset) ? "1" : priceUsdOf(trade.commissionAsset);
    if (price === undefined) unpriced.add(trade.commissionAsset);
    else fee = fee.plus(new Big(trade.commission).times(price));
  }
  return {
    averagePrice: quantity.gt(0) ? quote.div(quantity).round(10).toFixed() : null,
    quantity: quantity.toFixed(),
    quoteUsd: quote.toFixed(),
    feeUsd: fee.toFixed(),
    unpricedFeeAssets: [...unpriced],
    realisedPnlUsd: realised.toFixed(),
    tradeCount: once.size,
    lastTradeMs,
  };
}

/** Fee assets of these trades that need a price. */
export function feeAssetsToPrice(trades: readonly VenueTrade[]): readonly string[] {
  return [...new Set(trades.map((trade) => trade.commissionAsset))].filter((asset) => !DOLLARS.has(asset));
}
