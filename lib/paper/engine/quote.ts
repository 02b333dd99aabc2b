import Big from "big.js";
import type { Instrument } from "./instrument.ts";
import type { Side } from "./order-terms.ts";

/** The market of one symbol at one moment. */
export interface Quote {
  readonly bid: Big;
  readonly bidQty: Big;
  readonly ask: Big;
  readonly askQty: Big;
  readonly mark: Big;
  readonly index: Big;
  /** Price of the last market trade. */
  readonly last: Big;
  readonly timeMs: number;
}

/** How deep the simulated book is behind the best price, and how far a taker slips. */
export interface BookModel {
  /** Price levels a side. A market order larger than all of them is filled in part and expires. */
  readonly levels: number;
  /** USD on each level behind the best one; the best one's size is the quote's own. */
  readonly levelUsd: Big;
  /** Distance between levels in basis points; never under one tick. */
  readonly levelStepBps: Big;
  /** Extra cost of every taker fill in basis points, on top of the levels it walks. */
  readonly slippageBps: Big;
}

export interface BookLevel {
  readonly price: Big;
  readonly qty: Big;
}

const BPS = new Big("0.0001");
const ZERO = new Big(0);

function roundTo(value: Big, step: Big, rounding: 0 | 1 | 3): Big {
  return value.div(step).round(0, rounding).times(step);
}

/** Price to the nearest tick. */
export function toTick(price: Big, instrument: Instrument): Big {
  return roundTo(price, instrument.tickSize, 1);
}

/** Quantity down to the lot's step. */
export function toLot(qty: Big, instrument: Instrument): Big {
  return roundTo(qty, instrument.limitLot.step, 0);
}

export interface BookPlace {
  readonly side: Side;
  readonly instrument: Instrument;
  /** 0 is the best level. */
  readonly index: number;
}

/** What a taker of `side` meets at one level: the asks for a BUY, the bids for a SELL. */
export function levelFor(quote: Quote, book: BookModel, place: BookPlace): BookLevel {
  const { side, instrument, index } = place;
  const best = side === "BUY" ? quote.ask : quote.bid;
  if (index === 0) return { price: best, qty: side === "BUY" ? quote.askQty : quote.bidQty };
  const step = stepOf(best, book, instrument);
  const price = side === "BUY" ? best.plus(step.times(index)) : best.minus(step.times(index));
  return { price, qty: price.lte(0) ? ZERO : toLot(book.levelUsd.div(price), instrument) };
}

/** The extra a taker pays on every fill, in whole ticks, rounded up. */
export function slippageOf(best: Big, book: BookModel, instrument: Instrument): Big {
  if (book.slippageBps.eq(0)) return ZERO;
  return roundTo(best.times(book.slippageBps).times(BPS), instrument.tickSize, 3);
}

function stepOf(best: Big, book: BookModel, instrument: Instrument): Big {
  const step = roundTo(best.times(book.levelStepBps).times(BPS), instrument.tickSize, 1);
  return step.lt(instrument.tickSize) ? instrument.tickSize : step;
}
