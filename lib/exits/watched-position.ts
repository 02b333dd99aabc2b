import Big from "big.js";
import { planSuffix } from "../contract/position-plan.ts";
import type { Position, PositionSide } from "../exchange/exchange.ts";

/** An open position as the exit brain follows it. */
export interface WatchedPosition {
  /** The suffix of its plan's key, and its name in everything here: the symbol, in hedge mode with its side. */
  readonly key: string;
  readonly symbol: string;
  readonly positionSide: PositionSide;
  readonly side: "LONG" | "SHORT";
  /** Base units, without sign. */
  readonly quantity: string;
  readonly entryPrice: string;
  /** As the venue said with the position; null when it came by the user-data stream. */
  readonly markPrice: string | null;
}

/** The venue's position, signed quantity and all, as it is followed. The quantity must not be zero. */
export function watchedPosition(
  position: Pick<Position, "symbol" | "positionSide" | "quantity" | "entryPrice"> & {
    readonly markPrice: string | null;
  },
): WatchedPosition {
  const { symbol, positionSide, entryPrice, markPrice } = position;
  const amount = new Big(position.quantity);
  return {
    key: planSuffix(symbol, positionSide),
    symbol,
    positionSide,
    side: amount.gt(0) ? "LONG" : "SHORT",
    quantity: amount.abs().toFixed(),
    entryPrice,
    markPrice,
  };
}
