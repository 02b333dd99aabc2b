import Big from "big.js";
import { pushAccountEvent } from "./account-event.ts";
import { notionalCapOf, notionalOf } from "./margin.ts";
import type { MarginType } from "./order-terms.ts";
import { type Rejection, reject } from "./rejection.ts";
import { openOrderCount } from "./resting-orders.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";

/** 1 to the first bracket's leverage; refused when the open position would outgrow its bracket. */
export function setLeverage(
  state: VenueState,
  symbol: SymbolState,
  change: { readonly leverage: number; readonly nowMs: number },
): Rejection | undefined {
  const { leverage, nowMs } = change;
  const most = symbol.instrument.brackets[0]?.initialLeverage ?? 1;
  if (leverage < 1 || leverage > most) return reject("INVALID_LEVERAGE", `Leverage ${leverage} is not valid`);
  const before = symbol.leverage;
  symbol.leverage = leverage;
  if (exposureOf(symbol).gt(notionalCapOf(symbol))) {
    symbol.leverage = before;
    return reject("MAX_LEVERAGE_RATIO");
  }
  state.outbox.push({
    e: "ACCOUNT_CONFIG_UPDATE",
    E: nowMs,
    T: nowMs,
    ac: { s: symbol.instrument.symbol, l: leverage },
  });
  return undefined;
}

/** -4046, -4047, -4048: only a symbol without orders and positions can change it. */
export function setMarginType(
  state: VenueState,
  symbol: SymbolState,
  change: { readonly marginType: MarginType; readonly nowMs: number },
): Rejection | undefined {
  if (symbol.marginType === change.marginType) return reject("NO_NEED_TO_CHANGE_MARGIN_TYPE");
  if (openOrderCount(symbol) > 0 || symbol.waiting.size > 0) return reject("THERE_EXISTS_OPEN_ORDERS");
  if (!exposureOf(symbol).eq(0)) return reject("THERE_EXISTS_QUANTITY");
  symbol.marginType = change.marginType;
  pushAccountEvent(state, { reason: "MARGIN_TYPE_CHANGE", legs: [], nowMs: change.nowMs });
  return undefined;
}

/** -4059, -4067, -4068: one-way and hedge mode change only on an account at rest. */
export function setHedgeMode(state: VenueState, hedgeMode: boolean): Rejection | undefined {
  if (state.hedgeMode === hedgeMode) return reject("NO_NEED_TO_CHANGE_POSITION_SIDE");
  for (const symbol of state.symbols.values()) {
    if (openOrderCount(symbol) > 0 || symbol.waiting.size > 0) {
      return reject("POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS");
    }
  }
  if (state.openLegs.size > 0) return reject("POSITION_SIDE_CHANGE_EXISTS_QUANTITY");
  state.hedgeMode = hedgeMode;
  return undefined;
}

function exposureOf(symbol: SymbolState): Big {
  let sum = new Big(0);
  for (const leg of Object.values(symbol.legs)) sum = sum.plus(notionalOf(leg, symbol.quote.mark).abs());
  return sum;
}
