import type Big from "big.js";
import { judgeOrder } from "./judge-order.ts";
import { matchIncoming } from "./match-order.ts";
import { pushOrderEvent } from "./order-event.ts";
import type { OrderRequest } from "./order-request.ts";
import { isRejection, type Rejection } from "./rejection.ts";
import type { AlgoOrder, VenueOrder } from "./venue-order.ts";
import { clientKey, type VenueState } from "./venue-state.ts";
import { ZERO } from "./zero.ts";

export interface Placement {
  readonly nowMs: number;
  /** The conditional order that triggered; its order is not filtered by price and notional again. */
  readonly algo?: AlgoOrder;
  /** Fault script: the market gives only this part (0 to 1) of the quantity to a taker. */
  readonly fillFraction?: Big;
}

/**
 * 1. A refused order leaves no trace: no id is used, no margin held, no event sent.
 * 2. An accepted order is in the history for ever, and its NEW event precedes its first fill.
 * 3. When this returns the order has met the market: it is done, or it rests.
 */
export function placeOrder(
  state: VenueState,
  request: OrderRequest,
  placement: Placement,
): VenueOrder | Rejection {
  const judged = judgeOrder(state, request, placement);
  if (isRejection(judged)) return judged;
  const order = makeOrder(state, { ...request, quantity: judged.quantity }, placement);
  order.heldMargin = judged.margin;
  state.heldMargin = state.heldMargin.plus(judged.margin);
  keepOrder(state, order);
  pushOrderEvent(state, order, { execution: "NEW", nowMs: placement.nowMs });
  matchIncoming(state, order, placement);
  return order;
}

function makeOrder(state: VenueState, request: OrderRequest, placement: Placement): VenueOrder {
  const { nowMs, algo } = placement;
  const orderId = state.nextOrderId++;
  return {
    orderId,
    clientOrderId: request.clientOrderId ?? `paper_${orderId}`,
    symbol: request.symbol,
    side: request.side,
    positionSide: request.positionSide,
    type: request.type,
    origType: algo?.orderType ?? request.type,
    timeInForce: request.timeInForce,
    price: request.price,
    origQty: request.quantity,
    stopPrice: algo?.triggerPrice ?? ZERO,
    reduceOnly: request.reduceOnly === true,
    closePosition: algo?.closePosition ?? false,
    workingType: algo?.workingType ?? "CONTRACT_PRICE",
    priceProtect: algo?.priceProtect ?? false,
    goodTillDate: request.goodTillDate,
    algoId: algo?.algoId ?? 0,
    timeMs: nowMs,
    status: "NEW",
    executedQty: ZERO,
    cumQuote: ZERO,
    resting: false,
    heldMargin: ZERO,
    updateMs: nowMs,
  };
}

function keepOrder(state: VenueState, order: VenueOrder): void {
  state.ordersById.set(order.orderId, order);
  state.openByClientId.set(order.clientOrderId, order);
  state.latestByClientId.set(clientKey(order.symbol, order.clientOrderId), order);
  state.symbols.get(order.symbol)?.orders.push(order);
}
