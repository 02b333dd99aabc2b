import type { SymbolState, VenueState } from "../engine/venue-state.ts";
import { moneyText, priceText, qtyText } from "../engine/wire-decimals.ts";

/** The venue's `markPriceUpdate`. */
export function markPriceMessage(state: VenueState, symbol: SymbolState, nowMs: number) {
  return {
    e: "markPriceUpdate",
    E: nowMs,
    s: symbol.instrument.symbol,
    p: moneyText(symbol.quote.mark),
    ap: moneyText(symbol.quote.mark),
    P: moneyText(symbol.quote.mark),
    i: moneyText(symbol.quote.index),
    r: moneyText(state.terms.fundingRate),
    T: state.nextFundingMs,
  };
}

/** The venue's `bookTicker`; `u` only ever grows. */
export function bookTickerMessage(symbol: SymbolState, update: { updateId: number; nowMs: number }) {
  const { instrument, quote } = symbol;
  return {
    e: "bookTicker",
    u: update.updateId,
    s: instrument.symbol,
    b: priceText(quote.bid, instrument),
    B: qtyText(quote.bidQty, instrument),
    a: priceText(quote.ask, instrument),
    A: qtyText(quote.askQty, instrument),
    T: update.nowMs,
    E: update.nowMs,
  };
}
