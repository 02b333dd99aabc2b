import Big from "big.js";
import { closeAlgoOf } from "./algo-outcome.ts";
import { symbolOf } from "./margin.ts";
import { pushOrderEvent } from "./order-event.ts";
import { applyFill, entryPriceOf, MONEY_DECIMALS, type Position } from "./position.ts";
import type { BookLevel } from "./quote.ts";
import { shrinkResting, unrest } from "./resting-orders.ts";
import { type Fill, isOpen, remainingOf, type VenueOrder } from "./venue-order.ts";
import type { Income, SymbolState, VenueState } from "./venue-state.ts";
import { ZERO } from "./zero.ts";

export interface Execution extends BookLevel {
  readonly maker: boolean;
  readonly nowMs: number;
}

/**
 * Books one fill: position, wallet, fee, order, history, event. The account event is the caller's, once
 * for all fills of one step.
 *
 * 1. Position, wallet, order and history move together or not at all: nothing here can be refused.
 * 2. Margin is released in the proportion in which the order is filled, and to the last cent at its end.
 * 3. A filled order gives its client id back before anything else can happen.
 */
export function executeFill(state: VenueState, order: VenueOrder, execution: Execution): Fill {
  const symbol = symbolOf(state, order.symbol);
  const leg = symbol.legs[order.positionSide];
  const { price, qty, maker, nowMs } = execution;
  const rate = maker ? state.terms.makerRate : state.terms.takerRate;
  const commission = price.times(qty).times(rate).round(MONEY_DECIMALS);
  const before = leg.amount;
  const realisedPnl = moveLeg(state, { symbol, leg, order, execution });
  state.wallet = state.wallet.plus(realisedPnl).minus(commission);
  leg.realised = leg.realised.plus(realisedPnl);
  carry(leg, before, { net: realisedPnl.minus(commission), commission, qty });
  releaseMargin(state, order, qty);
  shrinkResting(symbol, order, qty);
  const fill: Fill = {
    id: state.nextTradeId++,
    orderId: order.orderId,
    symbol: order.symbol,
    side: order.side,
    positionSide: order.positionSide,
    price,
    qty,
    realisedPnl,
    commission,
    maker,
    timeMs: nowMs,
  };
  const left = remainingOf(order).minus(qty);
  order.executedQty = left.eq(0) ? order.origQty : order.executedQty.plus(qty);
  order.cumQuote = order.cumQuote.plus(price.times(qty));
  order.status = left.eq(0) ? "FILLED" : "PARTIALLY_FILLED";
  order.updateMs = nowMs;
  symbol.fills.push(fill);
  recordIncome(state, fill);
  pushOrderEvent(state, order, { execution: "TRADE", nowMs, fill });
  if (order.status === "FILLED") forgetOpen(state, order, nowMs);
  return fill;
}

/** A leg that was opened or turned by a fill starts with that part's fee alone. */
function carry(leg: Position, before: Big, fill: { net: Big; commission: Big; qty: Big }): void {
  const sameLife = before.times(leg.amount).gt(0);
  leg.carried = sameLife
    ? leg.carried.plus(fill.net)
    : fill.commission.times(leg.amount.abs()).div(fill.qty).times(-1);
}

/** Ends an open order without a further fill. */
export function endOrder(state: VenueState, order: VenueOrder, end: OrderEnd): void {
  releaseMargin(state, order, remainingOf(order));
  order.status = end.status;
  order.updateMs = end.nowMs;
  pushOrderEvent(state, order, { execution: end.status, nowMs: end.nowMs });
  forgetOpen(state, order, end.nowMs);
}

export interface OrderEnd {
  readonly status: "CANCELED" | "EXPIRED";
  readonly nowMs: number;
}

interface LegMove {
  readonly symbol: SymbolState;
  readonly leg: Position;
  readonly order: VenueOrder;
  readonly execution: Execution;
}

function moveLeg(state: VenueState, move: LegMove): Big {
  const { symbol, leg, order, execution } = move;
  const before = leg.amount;
  const signed = order.side === "BUY" ? execution.qty : execution.qty.times(-1);
  const realised = applyFill(leg, { qty: signed, price: execution.price });
  leg.updateMs = execution.nowMs;
  if (leg.amount.eq(0)) state.openLegs.delete(leg);
  else state.openLegs.add(leg);
  if (symbol.marginType === "ISOLATED") moveIsolatedWallet(symbol, leg, before);
  return realised;
}

/** An isolated leg keeps its share on the way down and takes fresh margin for what it gained. */
function moveIsolatedWallet(symbol: SymbolState, leg: Position, before: Big): void {
  const turned = before.times(leg.amount).lt(0);
  if (leg.amount.eq(0)) leg.isolatedWallet = new Big(0);
  else if (turned || before.eq(0)) leg.isolatedWallet = leg.cost.div(symbol.leverage).round(MONEY_DECIMALS);
  else if (leg.amount.abs().lt(before.abs()))
    leg.isolatedWallet = leg.isolatedWallet.times(leg.amount).div(before).round(MONEY_DECIMALS);
  else {
    const gained = leg.amount.minus(before).abs().times(entryPriceOf(leg)).div(symbol.leverage);
    leg.isolatedWallet = leg.isolatedWallet.plus(gained).round(MONEY_DECIMALS);
  }
}

function recordIncome(state: VenueState, fill: Fill): void {
  const entry = (incomeType: Income["incomeType"], income: Big): Income => ({
    symbol: fill.symbol,
    incomeType,
    income,
    timeMs: fill.timeMs,
    tranId: state.nextTranId++,
    tradeId: String(fill.id),
  });
  if (!fill.realisedPnl.eq(0)) state.incomes.push(entry("REALIZED_PNL", fill.realisedPnl));
  state.incomes.push(entry("COMMISSION", fill.commission.times(-1)));
}

/** Gives back the margin of the part that was filled or is given up. */
function releaseMargin(state: VenueState, order: VenueOrder, qty: Big): void {
  if (order.heldMargin.eq(0)) return;
  const left = remainingOf(order);
  const share = qty.gte(left)
    ? order.heldMargin
    : order.heldMargin.times(qty).div(left).round(MONEY_DECIMALS);
  order.heldMargin = share === order.heldMargin ? ZERO : order.heldMargin.minus(share);
  state.heldMargin = state.heldMargin.minus(share);
}

function forgetOpen(state: VenueState, order: VenueOrder, nowMs: number): void {
  if (isOpen(order)) throw new Error(`order ${order.orderId} is still open`);
  unrest(symbolOf(state, order.symbol), order);
  state.expiries.delete(order.orderId);
  if (state.openByClientId.get(order.clientOrderId) === order)
    state.openByClientId.delete(order.clientOrderId);
  closeAlgoOf(state, order, nowMs);
}
