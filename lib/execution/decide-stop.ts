import Big from "big.js";
import type { AlgoOrder, OrderSide, Position, PositionSide } from "../exchange/exchange.ts";
import { POSITION_LAG_MS_MAX } from "../exchange/position-lag.ts";
import type { AgedMark } from "./execution-parts.ts";

/** The stop that a position is to have at the venue. */
export interface WantedStop {
  readonly symbol: string;
  /** The side that closes: SELL for a long. */
  readonly side: OrderSide;
  /** BOTH in one-way mode. */
  readonly positionSide: PositionSide;
  /** On the symbol's tick. */
  readonly triggerPrice: string;
  readonly clientAlgoId: string;
}

export interface StopInput {
  readonly wanted: WantedStop;
  /** What rests at the venue; undefined: unreadable. */
  readonly resting: readonly AlgoOrder[] | undefined;
  /** What is open; undefined: unreadable. */
  readonly positions: readonly Position[] | undefined;
  /** Venue's clock: when the position was last added to, and when positions were asked for. */
  readonly filledAtMs: number;
  readonly askedAtMs: number;
  readonly mark: AgedMark | undefined;
  /** Whether another stop of the same direction gives way: an entry's plan replaces the one before. */
  readonly replaces: boolean;
  /** An order that Redis forgot: its position is proved before it gets a stop, and may long be gone. */
  readonly recalled?: boolean | undefined;
}

export type StopDecision =
  | { readonly kind: "rests" }
  | { readonly kind: "place" }
  /** These stand in its place and are cancelled first. */
  | { readonly kind: "replace"; readonly standing: readonly AlgoOrder[] }
  /** The mark is beyond it: the position must be closed, by its own plan. */
  | { readonly kind: "passed" }
  /** What is read may lag the fill, and the position may be gone. */
  | { readonly kind: "look_again" }
  /** Nothing is open any more; `ours` are the stops that this entry left behind. */
  | { readonly kind: "flat"; readonly ours: readonly AlgoOrder[] };

/** An older mark does not say that a stop has been passed; the venue, when asked to place it, does (ms). */
const MARK_AGE_MS_MAX = 2000;

/**
 * What is to be done so that exactly this stop rests. Pure. The venue allows one closePosition stop a direction,
 * so that placing one twice is refused there: what cannot be read is therefore placed.
 */
export function decideStop(input: StopInput): StopDecision {
  const { wanted, resting = [] } = input;
  const standing = resting.filter((order) => guards(order, wanted));
  const open = isOpen(input);
  if (open === false && input.askedAtMs - input.filledAtMs > POSITION_LAG_MS_MAX) {
    return { kind: "flat", ours: standing.filter((order) => order.clientAlgoId === wanted.clientAlgoId) };
  }
  if (input.recalled === true && open !== true) return { kind: "look_again" };
  const [one, another] = standing;
  if (one !== undefined && another === undefined && (!input.replaces || isAt(one, wanted.triggerPrice))) {
    return { kind: "rests" };
  }
  if (isPassed(wanted, input.mark)) return { kind: "passed" };
  return one === undefined ? { kind: "place" } : { kind: "replace", standing };
}

/** Whether the order is a stop that closes this position wholly. */
function guards(order: AlgoOrder, wanted: WantedStop): boolean {
  return (
    order.closePosition &&
    order.orderType === "STOP_MARKET" &&
    order.symbol === wanted.symbol &&
    order.side === wanted.side &&
    order.positionSide === wanted.positionSide
  );
}

function isAt(order: AlgoOrder, price: string): boolean {
  return order.triggerPrice !== null && new Big(order.triggerPrice).eq(price);
}

/** Whether the position is open on the side that the stop closes; undefined: unreadable. */
function isOpen({ positions, wanted }: StopInput): boolean | undefined {
  const long = wanted.side === "SELL";
  return positions?.some(
    (position) =>
      position.symbol === wanted.symbol &&
      position.positionSide === wanted.positionSide &&
      (long ? new Big(position.quantity).gt(0) : new Big(position.quantity).lt(0)),
  );
}

function isPassed(wanted: WantedStop, mark: AgedMark | undefined): boolean {
  if (mark === undefined || mark.ageMs > MARK_AGE_MS_MAX) return false;
  const price = new Big(mark.price);
  return wanted.side === "SELL" ? price.lte(wanted.triggerPrice) : price.gte(wanted.triggerPrice);
}
