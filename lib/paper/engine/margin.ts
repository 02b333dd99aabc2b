import Big from "big.js";
import type { LeverageBracket } from "./instrument.ts";
import { type Position, unrealisedOf } from "./position.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";

const ZERO = new Big(0);

/** What the account is worth and what of it is free; every figure in USD at the mark prices. */
export interface AccountFigures {
  readonly unrealised: Big;
  readonly crossUnrealised: Big;
  readonly crossWallet: Big;
  readonly positionMargin: Big;
  readonly maintenance: Big;
  readonly crossMaintenance: Big;
  readonly available: Big;
}

/** For names that come from the venue's own state. Throws on any other: requests look theirs up themselves. */
export function symbolOf(state: VenueState, symbol: string): SymbolState {
  const found = state.symbols.get(symbol);
  if (found === undefined) throw new Error(`unknown symbol ${symbol}`);
  return found;
}

/** Signed: a short's is negative. */
export function notionalOf(position: Position, mark: Big): Big {
  return position.amount.times(mark);
}

/** USD at the mark price and the symbol's leverage of now, not of when the leg was opened: as the venue does. */
export function initialMarginOf(position: Position, symbol: SymbolState): Big {
  return notionalOf(position, symbol.quote.mark).abs().div(symbol.leverage);
}

/** The bracket a notional falls in; beyond the table its last row. */
export function bracketOf(symbol: SymbolState, notional: Big): LeverageBracket {
  const { brackets } = symbol.instrument;
  const found = brackets.find((row) => notional.lte(row.notionalCap)) ?? brackets.at(-1);
  if (found === undefined) throw new Error(`${symbol.instrument.symbol} has no leverage brackets`);
  return found;
}

/** USD below which the leg is liquidated, by the bracket its notional is in. */
export function maintenanceOf(position: Position, symbol: SymbolState): Big {
  const notional = notionalOf(position, symbol.quote.mark).abs();
  const row = bracketOf(symbol, notional);
  return notional.times(row.maintMarginRatio).minus(row.cumulative);
}

/** The largest notional the leverage allows, USD. */
export function notionalCapOf(symbol: SymbolState): Big {
  let cap = ZERO;
  for (const row of symbol.instrument.brackets) {
    if (row.initialLeverage >= symbol.leverage) cap = row.notionalCap;
  }
  return cap;
}

/** Wallet less what isolated legs keep for themselves. */
export function crossWalletOf(state: VenueState): Big {
  let wallet = state.wallet;
  for (const leg of state.openLegs) {
    if (!leg.isolatedWallet.eq(0)) wallet = wallet.minus(leg.isolatedWallet);
  }
  return wallet;
}

/** Work grows with the open legs, not with orders. */
export function accountFigures(state: VenueState): AccountFigures {
  let unrealised = ZERO;
  let crossUnrealised = ZERO;
  let positionMargin = ZERO;
  let crossMargin = ZERO;
  let maintenance = ZERO;
  let crossMaintenance = ZERO;
  for (const leg of state.openLegs) {
    const symbol = symbolOf(state, leg.symbol);
    const profit = unrealisedOf(leg, symbol.quote.mark);
    const margin = initialMarginOf(leg, symbol);
    unrealised = unrealised.plus(profit);
    positionMargin = positionMargin.plus(margin);
    const needed = maintenanceOf(leg, symbol);
    maintenance = maintenance.plus(needed);
    if (symbol.marginType === "ISOLATED") continue;
    crossUnrealised = crossUnrealised.plus(profit);
    crossMargin = crossMargin.plus(margin);
    crossMaintenance = crossMaintenance.plus(needed);
  }
  const crossWallet = crossWalletOf(state);
  const free = crossWallet.plus(crossUnrealised).minus(crossMargin).minus(state.heldMargin);
  const available = free.gt(0) ? free : ZERO;
  return {
    unrealised,
    crossUnrealised,
    crossWallet,
    positionMargin,
    maintenance,
    crossMaintenance,
    available,
  };
}
