import type { VenueOrder } from "./venue-order.ts";
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
}

export function unrest(symbol: SymbolState, order: VenueOrder): void {
  const queue = queueOf(symbol, order);
  const place = queue.indexOf(order);
  if (place >= 0) queue.splice(place, 1);
}

/** Open orders of a symbol, oldest first. */
export function listOpenOrders(symbol: SymbolState): readonly VenueOrder[] {
  return [...symbol.bids, ...symbol.asks].sort((one, other) => one.orderId - other.orderId);
}

export function openOrderCount(symbol: SymbolState): number {
  return symbol.bids.length + symbol.asks.length;
}
