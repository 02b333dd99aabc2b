import { moveAlgo } from "./algo-outcome.ts";
import { closableOf, isClosingOrder } from "./closing-rules.ts";
import { endOrder } from "./execute-fill.ts";
import type { Position } from "./position.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";

/**
 * After a leg moved: resting orders that could only close what is gone expire, and so do GTE_GTC
 * conditional orders of a leg that is flat. Other conditional orders stay until triggered or cancelled.
 */
export function settleLeg(state: VenueState, symbol: SymbolState, leg: Position, nowMs: number): void {
  for (const order of [...symbol.bids, ...symbol.asks]) {
    if (order.positionSide !== leg.side || !isClosingOrder(state, order)) continue;
    if (closableOf(symbol, order.side, leg.side).gt(0)) continue;
    endOrder(state, order, { status: "EXPIRED", nowMs });
  }
  if (!leg.amount.eq(0)) return;
  for (const algo of [...symbol.waiting.values()]) {
    if (algo.positionSide === leg.side && algo.timeInForce === "GTE_GTC") {
      moveAlgo(state, algo, { status: "EXPIRED", nowMs });
    }
  }
}
