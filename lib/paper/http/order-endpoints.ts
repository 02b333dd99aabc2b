import Big from "big.js";
import { cancelAllOrders, cancelOrder, findOrder, type OrderName } from "../engine/cancel-order.ts";
import { judgeOrder } from "../engine/judge-order.ts";
import { placeOrder } from "../engine/place-order.ts";
import { isRejection, type Rejection, reject } from "../engine/rejection.ts";
import { listOpenOrders } from "../engine/resting-orders.ts";
import { isOpen } from "../engine/venue-order.ts";
import { acceptedReply, orderReply, orderReport } from "../wire/order-view.ts";
import { integerOf, missing, type Params, textOf } from "../wire/params.ts";
import { parseOrder } from "../wire/parse-order.ts";
import { pageOf } from "./history-page.ts";
import { knownSymbol, namedSymbols } from "./known-symbol.ts";
import type { EndpointTable, VenueCall } from "./venue-call.ts";

/** Plain orders: LIMIT and MARKET. */
export const ORDER_ENDPOINTS: EndpointTable = {
  "POST /fapi/v1/order": { weight: 0, security: "SIGNED", isOrder: true, handle: postOrder },
  "POST /fapi/v1/order/test": { weight: 0, security: "SIGNED", handle: testOrder },
  "GET /fapi/v1/order": { weight: 1, security: "SIGNED", handle: getOrder },
  "DELETE /fapi/v1/order": { weight: 1, security: "SIGNED", handle: deleteOrder },
  "DELETE /fapi/v1/allOpenOrders": { weight: 1, security: "SIGNED", handle: deleteAllOpenOrders },
  "GET /fapi/v1/openOrder": { weight: 1, security: "SIGNED", handle: getOpenOrder },
  "GET /fapi/v1/openOrders": { weight: perSymbol(1, 40), security: "SIGNED", handle: getOpenOrders },
  "GET /fapi/v1/allOrders": { weight: 5, security: "SIGNED", handle: getAllOrders },
  "POST /fapi/v1/countdownCancelAll": { weight: 10, security: "SIGNED", handle: postCountdown },
};

/** Cheap for one symbol, dear for all. */
export function perSymbol(one: number, all: number) {
  return (params: Params) => (textOf(params, "symbol") === undefined ? all : one);
}

function postOrder(call: VenueCall) {
  const parsed = parseOrder(call.params);
  if (isRejection(parsed)) return parsed;
  const { fillFraction, nowMs } = call;
  const placement = fillFraction === undefined ? { nowMs } : { nowMs, fillFraction };
  const order = placeOrder(call.state, parsed.request, placement);
  if (isRejection(order)) return order;
  return parsed.respType === "RESULT" ? orderReply(call.state, order) : acceptedReply(call.state, order);
}

/** Every check of POST /order, without the order. */
function testOrder(call: VenueCall) {
  const parsed = parseOrder(call.params);
  if (isRejection(parsed)) return parsed;
  const judged = judgeOrder(call.state, parsed.request, { nowMs: call.nowMs });
  return isRejection(judged) ? judged : {};
}

/** Which order is meant: -1102 when neither id was sent. */
function nameOf(params: Params): OrderName | Rejection {
  const orderId = integerOf(params, "orderId");
  if (isRejection(orderId)) return orderId;
  const clientOrderId = textOf(params, "origClientOrderId");
  if (orderId !== undefined || clientOrderId !== undefined) return { orderId, clientOrderId };
  return reject(
    "MANDATORY_PARAM",
    "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
  );
}

function getOrder(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const name = nameOf(call.params);
  if (isRejection(name)) return name;
  const order = findOrder(call.state, symbol.instrument.symbol, name);
  return isRejection(order) ? order : orderReport(call.state, order);
}

function getOpenOrder(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const name = nameOf(call.params);
  if (isRejection(name)) return name;
  const order = findOrder(call.state, symbol.instrument.symbol, name);
  return isRejection(order) || !isOpen(order) ? reject("NO_SUCH_ORDER") : orderReport(call.state, order);
}

function deleteOrder(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const name = nameOf(call.params);
  if (isRejection(name)) return name;
  const order = cancelOrder(call.state, { symbol: symbol.instrument.symbol, name, nowMs: call.nowMs });
  return isRejection(order) ? order : orderReply(call.state, order);
}

function deleteAllOpenOrders(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  cancelAllOrders(call.state, symbol, call.nowMs);
  return { code: 200, msg: "The operation of cancel all open order is done." };
}

function getOpenOrders(call: VenueCall) {
  const symbols = namedSymbols(call);
  if (isRejection(symbols)) return symbols;
  return symbols.flatMap(listOpenOrders).map((order) => orderReport(call.state, order));
}

function getAllOrders(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const page = pageOf(call.params, {
    rows: symbol.orders,
    idName: "orderId",
    idOf: (order) => order.orderId,
    timeOf: (order) => order.timeMs,
    limit: 500,
  });
  return isRejection(page) ? page : page.map((order) => orderReport(call.state, order));
}

/** Arms, renews or (0) disarms the symbol's dead man's switch. */
function postCountdown(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const countdownTime = integerOf(call.params, "countdownTime");
  if (isRejection(countdownTime)) return countdownTime;
  if (countdownTime === undefined || countdownTime < 0) return missing("countdownTime");
  const name = symbol.instrument.symbol;
  if (countdownTime === 0) call.state.countdowns.delete(name);
  else call.state.countdowns.set(name, call.nowMs + countdownTime);
  return { symbol: name, countdownTime: new Big(countdownTime).toFixed() };
}
