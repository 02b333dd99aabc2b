import Big from "big.js";
import { accountFigures, notionalCapOf } from "./margin.ts";
import type { PositionSide, Side } from "./order-terms.ts";
import { type Rejection, reject } from "./rejection.ts";
import { remainingOf } from "./venue-order.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";

export interface Opening {
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly quantity: Big;
  readonly price: Big;
}

/** The margin a new order needs, or the venue's refusal. A part that only closes needs none. */
export function reserveMargin(state: VenueState, symbol: SymbolState, opening: Opening): Big | Rejection {
  const enlarging = enlargementOf(symbol, opening);
  if (enlarging.eq(0)) return new Big(0);
  const notional = enlarging.times(opening.price);
  if (exposureAfter(symbol, opening, notional).gt(notionalCapOf(symbol))) return reject("MAX_LEVERAGE_RATIO");
  const margin = notional.div(symbol.leverage).round(8, 3);
  const fee = notional.times(state.terms.takerRate);
  if (margin.plus(fee).gt(accountFigures(state).available)) return reject("MARGIN_NOT_SUFFICIENT");
  return margin;
}

/** The part of the quantity that makes the leg larger: against an open position only what turns it. */
function enlargementOf(symbol: SymbolState, opening: Opening): Big {
  const { amount } = symbol.legs[opening.positionSide];
  const against = opening.side === "BUY" ? amount.lt(0) : amount.gt(0);
  if (!against) return opening.quantity;
  const beyond = opening.quantity.minus(amount.abs());
  return beyond.gt(0) ? beyond : new Big(0);
}

/** Position, resting orders of the same direction and the new one, USD. */
function exposureAfter(symbol: SymbolState, opening: Opening, notional: Big): Big {
  const { amount } = symbol.legs[opening.positionSide];
  const same = opening.side === "BUY" ? amount.gt(0) : amount.lt(0);
  let exposure = same ? notional.plus(amount.abs().times(symbol.quote.mark)) : notional;
  for (const order of opening.side === "BUY" ? symbol.bids : symbol.asks) {
    if (order.positionSide !== opening.positionSide || order.reduceOnly) continue;
    exposure = exposure.plus(remainingOf(order).times(order.price));
  }
  return exposure;
}
