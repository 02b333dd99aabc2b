import type Big from "big.js";
import type {
  AlgoStatus,
  ConditionalType,
  OrderStatus,
  PlainType,
  PositionSide,
  Side,
  TimeInForce,
  WorkingType,
} from "./order-terms.ts";

/** An order the matching engine accepted. It stays in the venue's history for ever. */
export interface VenueOrder {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly type: PlainType;
  /** What the trader asked for: a triggered stop is MARKET or LIMIT here and its own kind there. */
  readonly origType: PlainType | ConditionalType;
  readonly timeInForce: TimeInForce;
  readonly price: Big;
  readonly origQty: Big;
  readonly stopPrice: Big;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly workingType: WorkingType;
  readonly priceProtect: boolean;
  readonly goodTillDate: number;
  /** The conditional order that gave birth to this one; 0 for none. */
  readonly algoId: number;
  readonly timeMs: number;
  status: OrderStatus;
  executedQty: Big;
  cumQuote: Big;
  /** In its queue of the book: it counts in the symbol's resting notional. */
  resting: boolean;
  /** Margin set aside for the unfilled rest, USD. */
  heldMargin: Big;
  updateMs: number;
}

/** A stop, take-profit or trailing order waiting for its trigger. */
export interface AlgoOrder {
  readonly algoId: number;
  readonly clientAlgoId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly orderType: ConditionalType;
  readonly timeInForce: TimeInForce;
  /** Zero with closePosition. */
  readonly quantity: Big;
  readonly price: Big;
  readonly workingType: WorkingType;
  readonly closePosition: boolean;
  readonly priceProtect: boolean;
  readonly reduceOnly: boolean;
  /** Trailing only: the price from which it follows, and the distance in percent. */
  readonly activatePrice: Big | undefined;
  readonly callbackRate: Big | undefined;
  readonly goodTillDate: number;
  readonly createMs: number;
  /** Fixed for stops; a trailing order moves it. Undefined until a trailing order is activated. */
  triggerPrice: Big | undefined;
  /** Trailing: the best price since activation. */
  extreme: Big | undefined;
  status: AlgoStatus;
  updateMs: number;
  triggerMs: number;
  /** The order it became; 0 before. */
  actualOrderId: number;
}

/** One execution against the market. */
export interface Fill {
  readonly id: number;
  readonly orderId: number;
  readonly symbol: string;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly price: Big;
  readonly qty: Big;
  readonly realisedPnl: Big;
  readonly commission: Big;
  readonly maker: boolean;
  readonly timeMs: number;
}

/** Can still fill, holds its client id and its margin. */
export function isOpen(order: VenueOrder): boolean {
  return order.status === "NEW" || order.status === "PARTIALLY_FILLED";
}

/** Has not triggered, can be cancelled, holds its client id. */
export function isWaiting(algo: AlgoOrder): boolean {
  return algo.status === "NEW";
}

/** What has not been filled, whether it still can be or not. */
export function remainingOf(order: VenueOrder): Big {
  return order.origQty.minus(order.executedQty);
}
