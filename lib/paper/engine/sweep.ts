import type Big from "big.js";
import type { Instrument } from "./instrument.ts";
import type { Side } from "./order-terms.ts";
import { type BookLevel, type BookModel, levelFor, type Quote, slippageOf } from "./quote.ts";

export interface SweepInput {
  readonly side: Side;
  readonly qty: Big;
  /** Absent: at any price. */
  readonly limit?: Big | undefined;
  readonly instrument: Instrument;
  readonly quote: Quote;
  readonly book: BookModel;
}

/** Would a taker of `side` with this limit meet the best opposite price? */
export function crosses(side: Side, limit: Big, quote: Quote): boolean {
  return side === "BUY" ? limit.gte(quote.ask) : limit.lte(quote.bid);
}

/**
 * What a taker gets from the book, best level first; less than `qty` when the book or the limit ends
 * before. The book is whole again for the next order: only one order's own impact is modelled.
 */
export function sweepBook(input: SweepInput): readonly BookLevel[] {
  const { side, limit, instrument, quote, book } = input;
  const slip = slippageOf(side === "BUY" ? quote.ask : quote.bid, book, instrument);
  const fills: BookLevel[] = [];
  let left = input.qty;
  for (let index = 0; index < book.levels && left.gt(0); index += 1) {
    const level = levelFor(quote, book, { side, instrument, index });
    if (level.price.lte(0) || (limit !== undefined && !within(side, level.price, limit))) break;
    const qty = level.qty.lt(left) ? level.qty : left;
    if (qty.lte(0)) continue;
    fills.push({ price: slipped(side, { price: level.price, slip, limit }), qty });
    left = left.minus(qty);
  }
  return fills;
}

function within(side: Side, price: Big, limit: Big): boolean {
  return side === "BUY" ? price.lte(limit) : price.gte(limit);
}

/** Slippage makes a fill dearer, but never breaks the order's own limit. */
function slipped(side: Side, terms: { price: Big; slip: Big; limit: Big | undefined }): Big {
  const price = side === "BUY" ? terms.price.plus(terms.slip) : terms.price.minus(terms.slip);
  return terms.limit !== undefined && !within(side, price, terms.limit) ? terms.limit : price;
}
