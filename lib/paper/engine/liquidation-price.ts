import Big from "big.js";
import { type AccountFigures, bracketOf, maintenanceOf, notionalOf } from "./margin.ts";
import { type Position, unrealisedOf } from "./position.ts";
import type { SymbolState } from "./venue-state.ts";

/**
 * The mark price at which the leg's margin would be used up, all else standing still; 0 when there is none
 * above zero. The venue's formula: (wallet + other legs' P&L − other legs' maintenance + cumulative −
 * signed entry worth) / (|amount| × ratio − signed amount).
 */
export function liquidationPriceOf(figures: AccountFigures, symbol: SymbolState, leg: Position): Big {
  const zero = new Big(0);
  if (leg.amount.eq(0)) return zero;
  const row = bracketOf(symbol, notionalOf(leg, symbol.quote.mark).abs());
  const entryWorth = leg.amount.gt(0) ? leg.cost : leg.cost.times(-1);
  const carried =
    symbol.marginType === "ISOLATED" ? leg.isolatedWallet : carriedByOthers(figures, symbol, leg);
  const divisor = leg.amount.abs().times(row.maintMarginRatio).minus(leg.amount);
  const price = carried.plus(row.cumulative).minus(entryWorth).div(divisor);
  return price.gt(0) ? price : zero;
}

function carriedByOthers(figures: AccountFigures, symbol: SymbolState, leg: Position): Big {
  const otherProfit = figures.crossUnrealised.minus(unrealisedOf(leg, symbol.quote.mark));
  const otherMaintenance = figures.crossMaintenance.minus(maintenanceOf(leg, symbol));
  return figures.crossWallet.plus(otherProfit).minus(otherMaintenance);
}
