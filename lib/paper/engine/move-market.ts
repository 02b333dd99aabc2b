import { symbolOf } from "./margin.ts";
import { matchResting } from "./match-order.ts";
import type { Quote } from "./quote.ts";
import { triggerAlgos } from "./trigger-algos.ts";
import type { VenueState } from "./venue-state.ts";

/** A new quote: resting orders it reached fill and triggers fire. Margins are looked at by the clock. */
export function moveMarket(state: VenueState, symbolName: string, quote: Quote): void {
  const symbol = symbolOf(state, symbolName);
  symbol.quote = quote;
  state.marketMoved = true;
  if (symbol.bids.length > 0 || symbol.asks.length > 0) matchResting(state, symbol, quote.timeMs);
  if (symbol.waiting.size > 0) triggerAlgos(state, symbol, quote.timeMs);
}
