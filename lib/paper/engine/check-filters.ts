import type Big from "big.js";
import type { Instrument, QuantityLimits } from "./instrument.ts";
import type { Side } from "./order-terms.ts";
import type { Quote } from "./quote.ts";
import { type Rejection, reject } from "./rejection.ts";

function decimalsOf(value: Big): number {
  return Math.max(0, value.c.length - 1 - value.e);
}

/** LOT_SIZE or MARKET_LOT_SIZE. */
export function checkQuantity(qty: Big, lot: QuantityLimits, precision: number): Rejection | undefined {
  if (qty.lte(0)) return reject("QTY_LESS_THAN_ZERO");
  if (decimalsOf(qty) > precision) return reject("BAD_PRECISION");
  if (qty.lt(lot.min)) return reject("QTY_LESS_THAN_MIN_QTY");
  if (qty.gt(lot.max)) return reject("QTY_GREATER_THAN_MAX_QTY");
  if (!qty.minus(lot.min).mod(lot.step).eq(0)) return reject("QTY_NOT_INCREASED_BY_STEP_SIZE");
  return undefined;
}

/** PRICE_FILTER. */
export function checkPrice(price: Big, instrument: Instrument): Rejection | undefined {
  if (price.lte(0)) return reject("PRICE_LESS_THAN_ZERO");
  if (decimalsOf(price) > instrument.pricePrecision) return reject("BAD_PRECISION");
  if (price.lt(instrument.minPrice)) return reject("PRICE_LESS_THAN_MIN_PRICE");
  if (price.gt(instrument.maxPrice)) return reject("PRICE_GREATER_THAN_MAX_PRICE");
  if (!price.mod(instrument.tickSize).eq(0)) return reject("PRICE_NOT_INCREASED_BY_TICK_SIZE");
  return undefined;
}

/** PERCENT_PRICE of a limit order: a buyer not too high, a seller not too low, against the mark price. */
export function checkPercentPrice(side: Side, price: Big, at: MarketOf): Rejection | undefined {
  const { instrument, quote } = at;
  if (side === "BUY" && price.gt(quote.mark.times(instrument.multiplierUp))) {
    return reject("PRICE_HIGHER_THAN_MULTIPLIER_UP", limitText("higher", at));
  }
  if (side === "SELL" && price.lt(quote.mark.times(instrument.multiplierDown))) {
    return reject("PRICE_LOWER_THAN_MULTIPLIER_DOWN", limitText("lower", at));
  }
  return undefined;
}

/** PERCENT_PRICE of a market order: the counterparty's best price must pass it. */
export function checkMarketPrice(side: Side, at: MarketOf): Rejection | undefined {
  const { instrument, quote } = at;
  const beyond =
    side === "BUY"
      ? quote.ask.gt(quote.mark.times(instrument.multiplierUp))
      : quote.bid.lt(quote.mark.times(instrument.multiplierDown));
  return beyond ? reject("MARKET_ORDER_REJECT") : undefined;
}

/** MIN_NOTIONAL, by the limit price or, for a market order, the mark price. */
export function checkNotional(qty: Big, price: Big, instrument: Instrument): Rejection | undefined {
  if (qty.times(price).gte(instrument.minNotional)) return undefined;
  const least = instrument.minNotional.toFixed();
  return reject(
    "MIN_NOTIONAL",
    `Order's notional must be no smaller than ${least} (unless you choose reduce only).`,
  );
}

export interface MarketOf {
  readonly instrument: Instrument;
  readonly quote: Quote;
}

function limitText(than: "higher" | "lower", at: MarketOf): string {
  const { multiplierUp, multiplierDown, pricePrecision } = at.instrument;
  const price = at.quote.mark.times(than === "higher" ? multiplierUp : multiplierDown);
  return `Limit price can't be ${than} than ${price.toFixed(pricePrecision)}.`;
}
