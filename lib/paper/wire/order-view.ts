import type { Instrument } from "../engine/instrument.ts";
import { averagePriceOf } from "../engine/order-event.ts";
import type { AlgoOrder, VenueOrder } from "../engine/venue-order.ts";
import type { VenueState } from "../engine/venue-state.ts";
import { averageText, priceText, qtyText } from "../engine/wire-decimals.ts";
import { instrumentOf } from "./instrument-of.ts";

/** Fields that every order reply has. */
function commonView(order: VenueOrder, instrument: Instrument) {
  return {
    orderId: order.orderId,
    symbol: order.symbol,
    status: order.status,
    clientOrderId: order.clientOrderId,
    price: priceText(order.price, instrument),
    origQty: qtyText(order.origQty, instrument),
    executedQty: qtyText(order.executedQty, instrument),
    timeInForce: order.timeInForce,
    type: order.type,
    reduceOnly: order.reduceOnly,
    closePosition: order.closePosition,
    side: order.side,
    positionSide: order.positionSide,
    stopPrice: priceText(order.stopPrice, instrument),
    workingType: order.workingType,
    priceProtect: order.priceProtect,
    origType: order.origType,
    priceMatch: "NONE",
    selfTradePreventionMode: "EXPIRE_MAKER",
    goodTillDate: order.goodTillDate,
    updateTime: order.updateMs,
  };
}

/**
 * The reply to POST and DELETE /order. Without average price and cumulative quote, which the venue no
 * longer puts there: they come from GET /order and userTrades.
 */
export function orderReply(state: VenueState, order: VenueOrder) {
  const instrument = instrumentOf(state, order.symbol);
  return { ...commonView(order, instrument), cumQty: qtyText(order.executedQty, instrument) };
}

/** The reply with newOrderRespType=ACK: the order as it was accepted, whatever the market did since. */
export function acceptedReply(state: VenueState, order: VenueOrder) {
  const instrument = instrumentOf(state, order.symbol);
  const nothing = qtyText(order.executedQty.times(0), instrument);
  return {
    ...commonView(order, instrument),
    status: "NEW",
    executedQty: nothing,
    cumQty: nothing,
    updateTime: order.timeMs,
  };
}

/** GET /order and the lists: with average price, cumulative quote and the time of acceptance. */
export function orderReport(state: VenueState, order: VenueOrder) {
  const instrument = instrumentOf(state, order.symbol);
  return {
    ...commonView(order, instrument),
    avgPrice: averageText(averagePriceOf(order), instrument),
    cumQuote: averageText(order.cumQuote, instrument),
    time: order.timeMs,
  };
}

/** Every reply about a conditional order. */
export function algoReport(state: VenueState, algo: AlgoOrder) {
  const instrument = instrumentOf(state, algo.symbol);
  const actual = state.ordersById.get(algo.actualOrderId);
  const optional = (price: AlgoOrder["activatePrice"]) =>
    price === undefined ? "" : priceText(price, instrument);
  return {
    algoId: algo.algoId,
    clientAlgoId: algo.clientAlgoId,
    algoType: "CONDITIONAL",
    orderType: algo.orderType,
    symbol: algo.symbol,
    side: algo.side,
    positionSide: algo.positionSide,
    timeInForce: algo.timeInForce,
    quantity: qtyText(algo.quantity, instrument),
    algoStatus: algo.status,
    actualOrderId: algo.actualOrderId === 0 ? "" : String(algo.actualOrderId),
    actualPrice: actual === undefined ? "0.00000" : averageText(averagePriceOf(actual), instrument),
    triggerPrice: algo.triggerPrice === undefined ? "0" : priceText(algo.triggerPrice, instrument),
    price: priceText(algo.price, instrument),
    icebergQuantity: null,
    selfTradePreventionMode: "EXPIRE_MAKER",
    workingType: algo.workingType,
    priceMatch: "NONE",
    closePosition: algo.closePosition,
    priceProtect: algo.priceProtect,
    reduceOnly: algo.reduceOnly,
    activatePrice: optional(algo.activatePrice),
    callbackRate: algo.callbackRate?.toFixed() ?? "",
    createTime: algo.createMs,
    updateTime: algo.updateMs,
    triggerTime: algo.triggerMs,
    goodTillDate: algo.goodTillDate,
  };
}
