import type Big from "big.js";
import type {
  ConditionalType,
  PlainType,
  PositionSide,
  Side,
  TimeInForce,
  WorkingType,
} from "./order-terms.ts";

/** A well-formed order, not yet judged against the account and the market. */
export interface OrderRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly type: PlainType;
  readonly timeInForce: TimeInForce;
  /** Zero for MARKET. */
  readonly price: Big;
  readonly quantity: Big;
  /** Undefined when it was not sent, which hedge mode insists on. */
  readonly reduceOnly: boolean | undefined;
  /** Absent: the venue makes one up. */
  readonly clientOrderId: string | undefined;
  readonly goodTillDate: number;
}

/** A well-formed conditional order. `quantity` is zero with closePosition. */
export interface AlgoRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly positionSide: PositionSide;
  readonly orderType: ConditionalType;
  readonly timeInForce: TimeInForce;
  readonly quantity: Big;
  readonly price: Big;
  readonly triggerPrice: Big | undefined;
  readonly activatePrice: Big | undefined;
  /** Percent. */
  readonly callbackRate: Big | undefined;
  readonly workingType: WorkingType;
  readonly closePosition: boolean;
  readonly priceProtect: boolean;
  /** Undefined when it was not sent, which hedge mode insists on. */
  readonly reduceOnly: boolean | undefined;
  readonly clientAlgoId: string | undefined;
  readonly goodTillDate: number;
}
