import Big from "big.js";
import type { Instrument } from "../engine/instrument.ts";
import { type BookModel, type Quote, toLot, toTick } from "../engine/quote.ts";

/** How a price becomes a market. */
export interface QuoteTerms {
  readonly book: BookModel;
  /** Whole spread in basis points; rounded to ticks, at least one. */
  readonly spreadBps: Big;
}

export interface QuoteSeed {
  readonly price: Big;
  readonly timeMs: number;
  /** Size at the best prices as a part of the book's level size; 1 when not said. */
  readonly bidShare?: number;
  readonly askShare?: number;
  /** Which side the last trade hit; the buyer's when not said. */
  readonly lastAtBid?: boolean;
}

const BPS = new Big("0.0001");

/** A market around a price: bid at or below it, ask above, mark and index in the middle. */
export function quoteAround(instrument: Instrument, terms: QuoteTerms, seed: QuoteSeed): Quote {
  const { tickSize, minPrice } = instrument;
  const wanted = toTick(seed.price.times(terms.spreadBps).times(BPS), instrument);
  const spread = wanted.lt(tickSize) ? tickSize : wanted;
  const below = toTick(seed.price.minus(spread.div(2)), instrument);
  const bid = below.lt(minPrice) ? minPrice : below;
  const ask = bid.plus(spread);
  const size = terms.book.levelUsd.div(seed.price);
  return {
    bid,
    bidQty: toLot(size.times(seed.bidShare ?? 1), instrument),
    ask,
    askQty: toLot(size.times(seed.askShare ?? 1), instrument),
    ...fairPrices(bid, ask),
    last: seed.lastAtBid === true ? bid : ask,
    timeMs: seed.timeMs,
  };
}

export interface BestPrices {
  readonly bid: Big;
  readonly bidQty: Big;
  readonly ask: Big;
  readonly askQty: Big;
}

/** A market of recorded best prices, brought to the contract's ticks and lots. */
export function quoteOf(instrument: Instrument, best: BestPrices, timeMs: number): Quote {
  const bid = toTick(best.bid, instrument);
  const above = toTick(best.ask, instrument);
  const ask = above.gt(bid) ? above : bid.plus(instrument.tickSize);
  return {
    bid,
    bidQty: toLot(best.bidQty, instrument),
    ask,
    askQty: toLot(best.askQty, instrument),
    ...fairPrices(bid, ask),
    last: ask,
    timeMs,
  };
}

function fairPrices(bid: Big, ask: Big): { mark: Big; index: Big } {
  const middle = bid.plus(ask).div(2).round(8);
  return { mark: middle, index: middle };
}
