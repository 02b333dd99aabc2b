import Big from "big.js";
import type { Rejection } from "./rejection.ts";
import type { AlgoOrder, Fill, VenueOrder } from "./venue-order.ts";
import type { VenueState } from "./venue-state.ts";
import { averageText, moneyText, priceText, qtyText } from "./wire-decimals.ts";

export type ExecutionType = "NEW" | "TRADE" | "CANCELED" | "EXPIRED" | "CALCULATED";

const ZERO = new Big(0);

/** Zero before the first fill. */
export function averagePriceOf(order: VenueOrder): Big {
  return order.executedQty.eq(0) ? ZERO : order.cumQuote.div(order.executedQty);
}

/** ORDER_TRADE_UPDATE: one step of an order's life, with the fill when it was one. */
export function pushOrderEvent(state: VenueState, order: VenueOrder, what: OrderHappening): void {
  const symbol = state.symbols.get(order.symbol);
  if (symbol === undefined) throw new Error(`order ${order.orderId} of an unknown symbol`);
  const { instrument } = symbol;
  const { fill, nowMs } = what;
  state.outbox.push({
    e: "ORDER_TRADE_UPDATE",
    E: nowMs,
    T: nowMs,
    o: {
      s: order.symbol,
      c: order.clientOrderId,
      S: order.side,
      o: order.type,
      f: order.timeInForce,
      q: qtyText(order.origQty, instrument),
      p: priceText(order.price, instrument),
      ap: averageText(averagePriceOf(order), instrument),
      sp: priceText(order.stopPrice, instrument),
      x: what.execution,
      X: order.status,
      i: order.orderId,
      l: qtyText(fill?.qty ?? ZERO, instrument),
      z: qtyText(order.executedQty, instrument),
      L: priceText(fill?.price ?? ZERO, instrument),
      N: "USDT",
      n: moneyText(fill?.commission ?? ZERO),
      T: nowMs,
      t: fill?.id ?? 0,
      b: symbol.restingNotional.BUY.toFixed(),
      a: symbol.restingNotional.SELL.toFixed(),
      m: fill?.maker ?? false,
      R: order.reduceOnly,
      wt: order.workingType,
      ot: order.origType,
      ps: order.positionSide,
      cp: order.closePosition,
      rp: moneyText(fill?.realisedPnl ?? ZERO),
      pP: order.priceProtect,
      si: 0,
      ss: 0,
      V: "EXPIRE_MAKER",
      pm: "NONE",
      gtd: order.goodTillDate,
      er: "0",
    },
  });
}

export interface OrderHappening {
  readonly execution: ExecutionType;
  readonly nowMs: number;
  readonly fill?: Fill;
}

/** ALGO_UPDATE: one step of a conditional order's life. `refusal` is why its order was not accepted. */
export function pushAlgoEvent(state: VenueState, algo: AlgoOrder, what: AlgoHappening): void {
  const symbol = state.symbols.get(algo.symbol);
  if (symbol === undefined) throw new Error(`algo order ${algo.algoId} of an unknown symbol`);
  const { instrument } = symbol;
  const actual = state.ordersById.get(algo.actualOrderId);
  state.outbox.push({
    e: "ALGO_UPDATE",
    E: what.nowMs,
    T: what.nowMs,
    o: {
      caid: algo.clientAlgoId,
      aid: algo.algoId,
      at: "CONDITIONAL",
      o: algo.orderType,
      s: algo.symbol,
      S: algo.side,
      ps: algo.positionSide,
      f: algo.timeInForce,
      q: qtyText(algo.quantity, instrument),
      X: algo.status,
      ai: algo.actualOrderId === 0 ? "" : String(algo.actualOrderId),
      ap: averageText(actual === undefined ? ZERO : averagePriceOf(actual), instrument),
      aq: qtyText(actual?.executedQty ?? ZERO, instrument),
      act: actual?.type ?? "0",
      tp: priceText(algo.triggerPrice ?? ZERO, instrument),
      p: priceText(algo.price, instrument),
      V: "EXPIRE_MAKER",
      wt: algo.workingType,
      pm: "NONE",
      cp: algo.closePosition,
      pP: algo.priceProtect,
      R: algo.reduceOnly,
      tt: algo.triggerMs,
      gtd: algo.goodTillDate,
      rm: what.refusal?.msg ?? "",
    },
  });
}

export interface AlgoHappening {
  readonly nowMs: number;
  readonly refusal?: Rejection;
}
