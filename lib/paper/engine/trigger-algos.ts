import type Big from "big.js";
import { moveAlgo } from "./algo-outcome.ts";
import { closableOf } from "./closing-rules.ts";
import type { OrderRequest } from "./order-request.ts";
import { placeOrder } from "./place-order.ts";
import { isRejection, type Rejection, reject } from "./rejection.ts";
import { hasTriggered, trail } from "./trigger-rules.ts";
import { type AlgoOrder, isOpen, isWaiting, type VenueOrder } from "./venue-order.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";
import { ZERO } from "./zero.ts";

/**
 * The market moved: trailing orders follow, and what has reached its trigger becomes an order. Over a copy:
 * an order that fires may fill, and its fill may end others that wait.
 */
export function triggerAlgos(state: VenueState, symbol: SymbolState, nowMs: number): void {
  for (const algo of [...symbol.waiting.values()]) {
    if (!isWaiting(algo)) continue;
    trail(algo, symbol.quote, symbol.instrument);
    if (hasTriggered(algo, symbol.quote)) fire(state, symbol, algo, nowMs);
  }
}

function fire(state: VenueState, symbol: SymbolState, algo: AlgoOrder, nowMs: number): void {
  algo.triggerMs = nowMs;
  moveAlgo(state, algo, { status: "TRIGGERING", nowMs });
  const quantity = algo.closePosition ? closableOf(symbol, algo.side, algo.positionSide) : algo.quantity;
  if (algo.closePosition && quantity.eq(0)) {
    moveAlgo(state, algo, { status: "EXPIRED", nowMs, refusal: reject("REDUCE_ONLY_REJECT") });
    return;
  }
  for (const part of splitByMarketLot(symbol, algo, quantity)) {
    const placed = placeOrder(state, requestOf(state, algo, part), { nowMs, algo });
    if (isRejection(placed)) {
      refuse(state, algo, { refusal: placed, nowMs });
      return;
    }
    follow(state, algo, placed, nowMs);
  }
}

/** A whole position may be larger than one market order may be. */
function splitByMarketLot(symbol: SymbolState, algo: AlgoOrder, quantity: Big): readonly Big[] {
  const { max } = symbol.instrument.marketLot;
  if (!algo.closePosition || quantity.lte(max)) return [quantity];
  const parts: Big[] = [];
  for (let left = quantity; left.gt(0); left = left.minus(parts.at(-1) ?? left)) {
    parts.push(left.gt(max) ? max : left);
  }
  return parts;
}

function requestOf(state: VenueState, algo: AlgoOrder, quantity: Big): OrderRequest {
  const limit = algo.orderType === "STOP" || algo.orderType === "TAKE_PROFIT";
  const taken = state.openByClientId.has(algo.clientAlgoId);
  return {
    symbol: algo.symbol,
    side: algo.side,
    positionSide: algo.positionSide,
    type: limit ? "LIMIT" : "MARKET",
    timeInForce: algo.timeInForce === "GTE_GTC" ? "GTC" : algo.timeInForce,
    price: limit ? algo.price : ZERO,
    quantity,
    reduceOnly: state.hedgeMode ? undefined : algo.reduceOnly,
    clientOrderId: taken ? undefined : algo.clientAlgoId,
    goodTillDate: algo.goodTillDate,
  };
}

/** Told after the order exists; a market order is usually done by then, so FINISHED follows at once. */
function follow(state: VenueState, algo: AlgoOrder, order: VenueOrder, nowMs: number): void {
  algo.actualOrderId = order.orderId;
  moveAlgo(state, algo, { status: "TRIGGERED", nowMs });
  if (!isOpen(order)) moveAlgo(state, algo, { status: "FINISHED", nowMs });
}

function refuse(state: VenueState, algo: AlgoOrder, why: { refusal: Rejection; nowMs: number }): void {
  moveAlgo(state, algo, { status: "REJECTED", ...why });
  state.outbox.push({
    e: "CONDITIONAL_ORDER_TRIGGER_REJECT",
    E: why.nowMs,
    T: why.nowMs,
    or: { s: algo.symbol, i: algo.algoId, r: why.refusal.msg },
  });
}
