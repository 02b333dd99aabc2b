import Big from "big.js";
import { cancelAllAlgos, cancelAllOrders } from "./cancel-order.ts";
import { accountFigures, maintenanceOf, symbolOf } from "./margin.ts";
import { placeOrder } from "./place-order.ts";
import { type Position, unrealisedOf } from "./position.ts";
import { isRejection } from "./rejection.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";

/**
 * Closes at the market what its margin no longer carries: an isolated leg by its own wallet; in cross margin
 * one leg after the other until the account is above its maintenance margin. Work grows with open legs.
 */
export function liquidateWhatIsDue(state: VenueState, nowMs: number): void {
  let crossDue = isCrossDue(state);
  for (const leg of [...state.openLegs]) {
    const symbol = symbolOf(state, leg.symbol);
    const isolated = symbol.marginType === "ISOLATED";
    if (!(isolated ? isolatedDue(symbol, leg) : crossDue)) continue;
    liquidate(state, symbol, leg, nowMs);
    crossDue = crossDue && isCrossDue(state);
  }
}

function isolatedDue(symbol: SymbolState, leg: Position): boolean {
  const worth = leg.isolatedWallet.plus(unrealisedOf(leg, symbol.quote.mark));
  return worth.lte(maintenanceOf(leg, symbol));
}

function isCrossDue(state: VenueState): boolean {
  const figures = accountFigures(state);
  return figures.crossWallet.plus(figures.crossUnrealised).lte(figures.crossMaintenance);
}

function liquidate(state: VenueState, symbol: SymbolState, leg: Position, nowMs: number): void {
  cancelAllOrders(state, symbol, nowMs);
  cancelAllAlgos(state, symbol, nowMs);
  const max = symbol.instrument.marketLot.max;
  for (let left = leg.amount.abs(); left.gt(0); left = leg.amount.abs()) {
    const placed = placeOrder(
      state,
      {
        symbol: leg.symbol,
        side: leg.amount.gt(0) ? "SELL" : "BUY",
        positionSide: leg.side,
        type: "MARKET",
        timeInForce: "IOC",
        price: new Big(0),
        quantity: left.gt(max) ? max : left,
        reduceOnly: state.hedgeMode ? undefined : true,
        clientOrderId: `autoclose-${state.nextOrderId}`,
        goodTillDate: 0,
      },
      { nowMs },
    );
    // An empty book fills nothing; the next quote tries again.
    if (isRejection(placed) || placed.executedQty.eq(0)) return;
  }
}
