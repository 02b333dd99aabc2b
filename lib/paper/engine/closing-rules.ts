import Big from "big.js";
import type { PositionSide, Side } from "./order-terms.ts";
import { type Rejection, reject } from "./rejection.ts";
import { remainingOf, type VenueOrder } from "./venue-order.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";

/** What an order may do to the account: open, or only take away from a leg. */
export interface Purpose {
  readonly closing: boolean;
  /** What is left of the quantity after trimming to the position. */
  readonly quantity: Big;
}

export interface Intention {
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly reduceOnly: boolean | undefined;
  readonly quantity: Big;
}

/** -4061 and -1106: the position mode decides which of positionSide and reduceOnly may be sent. */
export function checkPositionMode(state: VenueState, intention: Intention): Rejection | undefined {
  const both = intention.positionSide === "BOTH";
  if (state.hedgeMode === both) return reject("POSITION_SIDE_NOT_MATCH");
  if (state.hedgeMode && intention.reduceOnly !== undefined) {
    return reject("PARAM_NOT_REQUIRED", "Parameter 'reduceOnly' sent when not required.");
  }
  return undefined;
}

/** Does the order, by its own declaration, only take away? */
export function isClosing(hedgeMode: boolean, intention: Omit<Intention, "quantity">): boolean {
  if (!hedgeMode) return intention.reduceOnly === true;
  return intention.positionSide === (intention.side === "SELL" ? "LONG" : "SHORT");
}

/** The part of a leg that orders of `side` can close. */
export function closableOf(symbol: SymbolState, side: Side, positionSide: PositionSide): Big {
  const { amount } = symbol.legs[positionSide];
  const open = side === "SELL" ? amount : amount.times(-1);
  return open.gt(0) ? open : new Big(0);
}

/**
 * -2022: nothing to reduce. -4118: resting closing orders hold the size. A reduce-only order larger than
 * the position is cut to it in one-way mode and refused in hedge mode.
 */
export function judgePurpose(
  state: VenueState,
  symbol: SymbolState,
  intention: Intention,
): Purpose | Rejection {
  const { side, positionSide, quantity } = intention;
  if (!isClosing(state.hedgeMode, intention)) return { closing: false, quantity };
  const open = closableOf(symbol, side, positionSide);
  if (open.eq(0)) return reject("REDUCE_ONLY_REJECT");
  const held = heldByClosing(state, symbol, intention);
  if (held.gt(0) && quantity.gt(open.minus(held))) return reject("REDUCE_ONLY_MARGIN_CHECK_FAILED");
  if (quantity.lte(open)) return { closing: true, quantity };
  return state.hedgeMode ? reject("REDUCE_ONLY_REJECT") : { closing: true, quantity: open };
}

/** Does this open order only take away from its leg? */
export function isClosingOrder(state: VenueState, order: VenueOrder): boolean {
  return isClosing(state.hedgeMode, order);
}

function heldByClosing(state: VenueState, symbol: SymbolState, intention: Intention): Big {
  let held = new Big(0);
  for (const order of intention.side === "BUY" ? symbol.bids : symbol.asks) {
    if (order.positionSide === intention.positionSide && isClosingOrder(state, order)) {
      held = held.plus(remainingOf(order));
    }
  }
  return held;
}
