import type { AlgoOrder, VenueOrder } from "../../exchange/exchange.ts";

export interface CancelPlan {
  /** Symbols whose plain orders all go: they could enlarge a position, or hold the size of its close (-4118). */
  readonly symbols: readonly string[];
  /** Conditional orders that go, by client id. */
  readonly conditional: readonly { readonly symbol: string; readonly clientAlgoId: string }[];
  /**
   * Stops that close a whole position. They can only reduce, and hold no size: they guard the position until
   * its symbol reads flat, and go last.
   */
  readonly stops: readonly { readonly symbol: string; readonly clientAlgoId: string }[];
}

/** What has to be cancelled before positions are closed, and what after. Pure. */
export function planCancels(resting: {
  readonly orders: readonly Pick<VenueOrder, "symbol">[];
  readonly algoOrders: readonly Pick<AlgoOrder, "symbol" | "clientAlgoId" | "closePosition">[];
}): CancelPlan {
  const ids = (orders: typeof resting.algoOrders) =>
    orders.map(({ symbol, clientAlgoId }) => ({ symbol, clientAlgoId }));
  return {
    symbols: [...new Set(resting.orders.map(({ symbol }) => symbol))],
    conditional: ids(resting.algoOrders.filter(({ closePosition }) => !closePosition)),
    stops: ids(resting.algoOrders.filter(({ closePosition }) => closePosition)),
  };
}
