import Big from "big.js";
import type { Side } from "../engine/order-terms.ts";
import { type BookModel, levelFor } from "../engine/quote.ts";
import type { SymbolState, VenueState } from "../engine/venue-state.ts";
import { moneyText, priceText, qtyText } from "../engine/wire-decimals.ts";
import { type Candle, summaryOf } from "../market/market-tape.ts";

/** GET /premiumIndex: the mark is published every second, so it is of now however still the market is. */
export function premiumReport(state: VenueState, symbol: SymbolState, nowMs: number) {
  const { quote, instrument } = symbol;
  return {
    symbol: instrument.symbol,
    markPrice: moneyText(quote.mark),
    indexPrice: moneyText(quote.index),
    estimatedSettlePrice: moneyText(quote.mark),
    lastFundingRate: moneyText(state.terms.fundingRate),
    interestRate: "0.00010000",
    nextFundingTime: state.nextFundingMs,
    time: nowMs,
  };
}

/** GET /ticker/price. */
export function priceReport(symbol: SymbolState) {
  const { quote, instrument } = symbol;
  return { symbol: instrument.symbol, price: priceText(quote.last, instrument), time: quote.timeMs };
}

/** GET /ticker/bookTicker. */
export function bookTickerReport(symbol: SymbolState) {
  const { quote, instrument } = symbol;
  return {
    symbol: instrument.symbol,
    bidPrice: priceText(quote.bid, instrument),
    bidQty: qtyText(quote.bidQty, instrument),
    askPrice: priceText(quote.ask, instrument),
    askQty: qtyText(quote.askQty, instrument),
    time: quote.timeMs,
    lastUpdateId: quote.timeMs,
  };
}

/** GET /depth: the book a taker of this moment meets. */
export function depthReport(symbol: SymbolState, book: BookModel, limit: number) {
  const levels = Math.min(limit, book.levels);
  const { timeMs } = symbol.quote;
  return {
    lastUpdateId: timeMs,
    E: timeMs,
    T: timeMs,
    bids: levelsOf(symbol, book, { side: "SELL", levels }),
    asks: levelsOf(symbol, book, { side: "BUY", levels }),
  };
}

function levelsOf(symbol: SymbolState, book: BookModel, want: { side: Side; levels: number }) {
  const { instrument, quote } = symbol;
  return Array.from({ length: want.levels }, (_, index) =>
    levelFor(quote, book, { side: want.side, instrument, index }),
  )
    .filter((level) => level.price.gt(0) && level.qty.gt(0))
    .map((level) => [priceText(level.price, instrument), qtyText(level.qty, instrument)]);
}

/** GET /ticker/24hr: of what the venue has seen since it started, at most a day. */
export function dayReport(symbol: SymbolState, candles: readonly Candle[], nowMs: number) {
  const { instrument, quote } = symbol;
  const day = summaryOf(candles, quote.last);
  const change = quote.last.minus(day.open);
  const volume = quote.bidQty.times(day.ticks);
  return {
    symbol: instrument.symbol,
    priceChange: priceText(change, instrument),
    priceChangePercent: change.div(day.open).times(100).toFixed(3),
    weightedAvgPrice: priceText(day.high.plus(day.low).div(2), instrument),
    lastPrice: priceText(quote.last, instrument),
    lastQty: qtyText(quote.bidQty, instrument),
    openPrice: priceText(day.open, instrument),
    highPrice: priceText(day.high, instrument),
    lowPrice: priceText(day.low, instrument),
    volume: qtyText(volume, instrument),
    quoteVolume: volume.times(quote.last).toFixed(2),
    openTime: candles[0]?.openMs ?? nowMs,
    closeTime: nowMs,
    firstId: 1,
    lastId: Math.max(1, day.ticks),
    count: day.ticks,
  };
}

/** One row of GET /klines and /markPriceKlines. */
export function candleRow(symbol: SymbolState, candle: Candle, lengthMs: number) {
  const { instrument, quote } = symbol;
  const volume = quote.bidQty.times(candle.ticks);
  const half = volume.div(2);
  return [
    candle.openMs,
    priceText(candle.open, instrument),
    priceText(candle.high, instrument),
    priceText(candle.low, instrument),
    priceText(candle.close, instrument),
    qtyText(volume, instrument),
    candle.openMs + lengthMs - 1,
    volume.times(candle.close).toFixed(2),
    candle.ticks,
    qtyText(half, instrument),
    half.times(candle.close).toFixed(2),
    new Big(0).toFixed(),
  ];
}
