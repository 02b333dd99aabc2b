import type Big from "big.js";
import { remainingOf, type VenueOrder } from "./venue-order.ts";
import type { SymbolState } from "./venue-state.ts";

/** The queue a resting order waits in: best price first, the older one first at the same price. */
function queueOf(symbol: SymbolState, order: VenueOrder): VenueOrder[] {
  return order.side === "BUY" ? symbol.bids : symbol.asks;
}

/** Puts an order into its queue by price, then time. */
export function rest(symbol: SymbolState, order: VenueOrder): void {
  const queue = queueOf(symbol, order);
  const better = order.side === "BUY" ? 1 : -1;
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = queue[middle];
    if (other === undefined || order.price.cmp(other.price) === better) high = middle;
    else low = middle + 1;
  }
  queue.splice(low, 0, order);
  order.resting = true;
  addResting(symbol, order, remainingOf(order));
}

/** Takes an order out of its queue, and its unfilled rest out of the notional; one that never rested is left alone. */
export function unrest(symbol: SymbolState, order: VenueOrder): void {
  if (!order.resting) return;
  const queue = queueOf(symbol, order);
  const place = queue.indexOf(order);
  if (place < 0) throw new Error(`order ${order.orderId} rests nowhere`);
  queue.splice(place, 1);
  addResting(symbol, order, remainingOf(order).times(-1));
  order.resting = false;
}

/** A fill of `qty` is about to be booked on the order. */
export function shrinkResting(symbol: SymbolState, order: VenueOrder, qty: Big): void {
  if (order.resting) addResting(symbol, order, qty.times(-1));
}

function addResting(symbol: SymbolState, order: VenueOrder, qty: Big): void {
  const notional = symbol.restingNotional;
  notional[order.side] = notional[order.side].plus(order.price.times(qty));
}

/** Open orders of a symbol, oldest first. */
export function listOpenOrders(symbol: SymbolState): readonly VenueOrder[] {
  return [...symbol.bids, ...symbol.asks].sort((one, other) => one.orderId - other.orderId);
}

/** What MAX_NUM_ORDERS bounds: conditional orders have a limit of their own. */
export function openOrderCount(symbol: SymbolState): number {
  return symbol.bids.length + symbol.asks.length;
}
