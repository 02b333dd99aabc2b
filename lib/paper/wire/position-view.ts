import Big from "big.js";
import { liquidationPriceOf } from "../engine/liquidation-price.ts";
import {
  type AccountFigures,
  initialMarginOf,
  maintenanceOf,
  notionalCapOf,
  notionalOf,
} from "../engine/margin.ts";
import type { PositionSide } from "../engine/order-terms.ts";
import { breakEvenOf, entryPriceOf, type Position, unrealisedOf } from "../engine/position.ts";
import { remainingOf } from "../engine/venue-order.ts";
import type { SymbolState, VenueState } from "../engine/venue-state.ts";
import { entryText, moneyText, qtyText } from "../engine/wire-decimals.ts";

/** The legs the account's mode has: BOTH, or LONG and SHORT. */
export function legsOf(state: VenueState, symbol: SymbolState): readonly Position[] {
  return state.hedgeMode ? [symbol.legs.LONG, symbol.legs.SHORT] : [symbol.legs.BOTH];
}

/** A leg that GET /fapi/v3/positionRisk lists: with a position or an order on it. */
export function isOccupied(symbol: SymbolState, leg: Position): boolean {
  if (!leg.amount.eq(0)) return true;
  return [...symbol.bids, ...symbol.asks].some((order) => order.positionSide === leg.side);
}

/** One leg to report, beside the account's figures, which are computed once for a whole reply. */
export interface ReportedLeg {
  readonly symbol: SymbolState;
  readonly leg: Position;
  readonly figures: AccountFigures;
}

/** GET /fapi/v3/positionRisk. */
export function positionReport(reported: ReportedLeg) {
  const { symbol, leg, figures } = reported;
  const { instrument, quote } = symbol;
  const margin = initialMarginOf(leg, symbol);
  const resting = restingMargin(symbol, leg.side);
  return {
    symbol: leg.symbol,
    positionSide: leg.side,
    positionAmt: qtyText(leg.amount, instrument),
    entryPrice: entryText(entryPriceOf(leg), instrument),
    breakEvenPrice: entryText(breakEvenOf(leg), instrument),
    markPrice: moneyText(quote.mark),
    unRealizedProfit: moneyText(unrealisedOf(leg, quote.mark)),
    liquidationPrice: entryText(liquidationPriceOf(figures, symbol, leg), instrument),
    isolatedMargin: moneyText(isolatedMarginOf(symbol, leg)),
    notional: moneyText(notionalOf(leg, quote.mark)),
    marginAsset: "USDT",
    isolatedWallet: moneyText(leg.isolatedWallet),
    initialMargin: moneyText(margin.plus(resting)),
    maintMargin: moneyText(maintenanceOf(leg, symbol)),
    positionInitialMargin: moneyText(margin),
    openOrderInitialMargin: moneyText(resting),
    adl: leg.amount.eq(0) ? 0 : 1,
    bidNotional: "0",
    askNotional: "0",
    updateTime: leg.updateMs,
  };
}

/** GET /fapi/v2/positionRisk: the older shape, which also tells leverage and margin type. */
export function positionReportV2(reported: ReportedLeg) {
  const { symbol } = reported;
  const report = positionReport(reported);
  return {
    symbol: report.symbol,
    positionAmt: report.positionAmt,
    entryPrice: report.entryPrice,
    breakEvenPrice: report.breakEvenPrice,
    markPrice: report.markPrice,
    unRealizedProfit: report.unRealizedProfit,
    liquidationPrice: report.liquidationPrice,
    leverage: String(symbol.leverage),
    maxNotionalValue: notionalCapOf(symbol).toFixed(),
    marginType: symbol.marginType === "CROSSED" ? "cross" : "isolated",
    isolatedMargin: report.isolatedMargin,
    isAutoAddMargin: "false",
    positionSide: report.positionSide,
    notional: report.notional,
    isolatedWallet: report.isolatedWallet,
    updateTime: report.updateTime,
    isolated: symbol.marginType === "ISOLATED",
    adlQuantile: report.adl,
  };
}

/** A leg as GET /fapi/v3/account lists it. */
export function accountPosition(reported: ReportedLeg) {
  const report = positionReport(reported);
  return {
    symbol: report.symbol,
    positionSide: report.positionSide,
    positionAmt: report.positionAmt,
    unrealizedProfit: report.unRealizedProfit,
    isolatedMargin: report.isolatedMargin,
    notional: report.notional,
    isolatedWallet: report.isolatedWallet,
    initialMargin: report.initialMargin,
    maintMargin: report.maintMargin,
    updateTime: report.updateTime,
  };
}

/** A leg as GET /fapi/v2/account lists it. */
export function accountPositionV2(reported: ReportedLeg) {
  const { symbol } = reported;
  const report = positionReport(reported);
  return {
    symbol: report.symbol,
    initialMargin: report.initialMargin,
    maintMargin: report.maintMargin,
    unrealizedProfit: report.unRealizedProfit,
    positionInitialMargin: report.positionInitialMargin,
    openOrderInitialMargin: report.openOrderInitialMargin,
    leverage: String(symbol.leverage),
    isolated: symbol.marginType === "ISOLATED",
    entryPrice: report.entryPrice,
    breakEvenPrice: report.breakEvenPrice,
    maxNotional: notionalCapOf(symbol).toFixed(),
    bidNotional: report.bidNotional,
    askNotional: report.askNotional,
    positionSide: report.positionSide,
    positionAmt: report.positionAmt,
    notional: report.notional,
    isolatedWallet: report.isolatedWallet,
    updateTime: report.updateTime,
  };
}

/** Margin set aside for the open orders of a leg, USD. */
function restingMargin(symbol: SymbolState, side: PositionSide): Big {
  let sum = new Big(0);
  for (const order of [...symbol.bids, ...symbol.asks]) {
    if (order.positionSide === side && remainingOf(order).gt(0)) sum = sum.plus(order.heldMargin);
  }
  return sum;
}

function isolatedMarginOf(symbol: SymbolState, leg: Position): Big {
  if (symbol.marginType === "CROSSED") return new Big(0);
  return leg.isolatedWallet.plus(unrealisedOf(leg, symbol.quote.mark));
}
