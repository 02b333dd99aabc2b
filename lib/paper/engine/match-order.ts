import Big from "big.js";
import { pushAccountEvent } from "./account-event.ts";
import { closableOf, isClosingOrder } from "./closing-rules.ts";
import { endOrder, executeFill } from "./execute-fill.ts";
import { symbolOf } from "./margin.ts";
import type { Placement } from "./place-order.ts";
import { settleLeg } from "./position-aftermath.ts";
import { toLot } from "./quote.ts";
import { rest } from "./resting-orders.ts";
import { sweepBook } from "./sweep.ts";
import { isOpen, remainingOf, type VenueOrder } from "./venue-order.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";

/**
 * An accepted order meets the market: taker fills first, then it rests, or what is left expires. An order that
 * only closes is bounded by what is left of its leg at the moment of each fill, not of its acceptance.
 */
export function matchIncoming(state: VenueState, order: VenueOrder, placement: Placement): void {
  const symbol = symbolOf(state, order.symbol);
  const { nowMs } = placement;
  const before = order.executedQty;
  for (const level of takerFills(state, symbol, { order, fraction: placement.fillFraction })) {
    const qty = fillableOf(state, symbol, order, level.qty);
    if (qty.lte(0)) break;
    executeFill(state, order, { price: level.price, qty, maker: false, nowMs });
  }
  if (isOpen(order)) restOrExpire(state, symbol, order, nowMs);
  if (!order.executedQty.eq(before)) announceLeg(state, symbol, order, nowMs);
}

/** The market moved: resting orders it reached are filled at their own price, in queue order. */
export function matchResting(state: VenueState, symbol: SymbolState, nowMs: number): void {
  matchQueue(state, symbol, { side: "BUY", nowMs });
  matchQueue(state, symbol, { side: "SELL", nowMs });
}

interface QueueTurn {
  readonly side: "BUY" | "SELL";
  readonly nowMs: number;
}

function matchQueue(state: VenueState, symbol: SymbolState, turn: QueueTurn): void {
  const buying = turn.side === "BUY";
  const queue = buying ? symbol.bids : symbol.asks;
  let depth = buying ? symbol.quote.askQty : symbol.quote.bidQty;
  for (let order = queue[0]; order !== undefined && depth.gt(0); order = queue[0]) {
    const { quote } = symbol;
    if (buying ? order.price.lt(quote.ask) : order.price.gt(quote.bid)) return;
    const qty = fillableOf(state, symbol, order, remainingOf(order).lt(depth) ? remainingOf(order) : depth);
    if (qty.lte(0)) {
      endOrder(state, order, { status: "EXPIRED", nowMs: turn.nowMs });
      continue;
    }
    executeFill(state, order, { price: order.price, qty, maker: true, nowMs: turn.nowMs });
    depth = depth.minus(qty);
    announceLeg(state, symbol, order, turn.nowMs);
  }
}

function takerFills(
  state: VenueState,
  symbol: SymbolState,
  taker: { order: VenueOrder; fraction: Big | undefined },
) {
  const { order, fraction } = taker;
  if (order.timeInForce === "GTX") return [];
  const { instrument, quote } = symbol;
  const whole = remainingOf(order);
  const qty = fraction === undefined ? whole : toLot(whole.times(fraction), instrument);
  const limit = order.type === "LIMIT" ? order.price : undefined;
  return sweepBook({ side: order.side, qty, limit, instrument, quote, book: state.terms.book });
}

/** An order that only closes never fills beyond what is left of its leg. */
function fillableOf(state: VenueState, symbol: SymbolState, order: VenueOrder, qty: Big): Big {
  if (!isClosingOrder(state, order)) return qty;
  const open = closableOf(symbol, order.side, order.positionSide);
  return open.lt(qty) ? open : qty;
}

function restOrExpire(state: VenueState, symbol: SymbolState, order: VenueOrder, nowMs: number): void {
  const { timeInForce } = order;
  const passing = order.type === "MARKET" || timeInForce === "IOC" || timeInForce === "FOK";
  const spent = isClosingOrder(state, order) && fillableOf(state, symbol, order, new Big(1)).eq(0);
  if (passing || spent) {
    endOrder(state, order, { status: "EXPIRED", nowMs });
    return;
  }
  rest(symbol, order);
  if (timeInForce === "GTD") state.expiries.set(order.orderId, order.goodTillDate);
}

function announceLeg(state: VenueState, symbol: SymbolState, order: VenueOrder, nowMs: number): void {
  const leg = symbol.legs[order.positionSide];
  pushAccountEvent(state, { reason: "ORDER", legs: [leg], nowMs });
  settleLeg(state, symbol, leg, nowMs);
}
