import Big from "big.js";
import type { PositionSide } from "./order-terms.ts";

/**
 * One leg of a symbol: BOTH in one-way mode, LONG and SHORT in hedge mode.
 *
 * 1. `amount` is signed (a short is negative) and equals the signed sum of the leg's fills.
 * 2. `cost` is what the open amount was paid for, unsigned; the entry price is derived from it. A full
 *    close releases exactly what is left of it, so over a leg's life the realised P&L adds up to the
 *    money that changed hands, to the last of 8 decimals.
 */
export interface Position {
  readonly symbol: string;
  readonly side: PositionSide;
  amount: Big;
  cost: Big;
  /** Own margin of an isolated leg; zero in cross margin. */
  isolatedWallet: Big;
  /** P&L realised by the leg since the account began, before fees. */
  realised: Big;
  /** Realised P&L less fees since the leg was last opened: what break-even has to earn back. */
  carried: Big;
  updateMs: number;
}

const ZERO = new Big(0);
/** The venue books money in 8 decimals. */
export const MONEY_DECIMALS = 8;

/** A leg that was never traded. */
export function emptyPosition(symbol: string, side: PositionSide): Position {
  return {
    symbol,
    side,
    amount: ZERO,
    cost: ZERO,
    isolatedWallet: ZERO,
    realised: ZERO,
    carried: ZERO,
    updateMs: 0,
  };
}

/** The average price of what is open, unrounded; zero when nothing is. */
export function entryPriceOf(position: Position): Big {
  return position.amount.eq(0) ? ZERO : position.cost.div(position.amount.abs());
}

/** Unrealised P&L at the mark price, USD. */
export function unrealisedOf(position: Position, mark: Big): Big {
  if (position.amount.eq(0)) return ZERO;
  const worth = position.amount.times(mark);
  return position.amount.gt(0) ? worth.minus(position.cost) : worth.plus(position.cost);
}

/** Where closing would win back the fees and losses carried since the leg was opened. */
export function breakEvenOf(position: Position): Big {
  if (position.amount.eq(0)) return ZERO;
  return entryPriceOf(position).minus(position.carried.div(position.amount));
}

export interface FillOnPosition {
  /** Signed: a BUY is positive. */
  readonly qty: Big;
  readonly price: Big;
}

/** Moves the leg by one fill and returns the P&L it realised, USD. A fill beyond the amount turns the leg. */
export function applyFill(position: Position, fill: FillOnPosition): Big {
  const { amount } = position;
  if (amount.eq(0) || amount.gt(0) === fill.qty.gt(0)) {
    position.cost = position.cost.plus(fill.qty.abs().times(fill.price));
    position.amount = amount.plus(fill.qty);
    return ZERO;
  }
  const closing = fill.qty.abs().lt(amount.abs()) ? fill.qty.abs() : amount.abs();
  const whole = closing.eq(amount.abs());
  const released = whole
    ? position.cost
    : position.cost.times(closing).div(amount.abs()).round(MONEY_DECIMALS);
  const proceeds = closing.times(fill.price);
  const realised = amount.gt(0) ? proceeds.minus(released) : released.minus(proceeds);
  const opening = fill.qty.abs().minus(closing);
  position.amount = amount.plus(fill.qty);
  position.cost = position.cost.minus(released).plus(opening.times(fill.price));
  return realised;
}
