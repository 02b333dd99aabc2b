import { cancelAlgo, cancelAllAlgos, findAlgo, type OrderName } from "../engine/cancel-order.ts";
import { placeAlgo } from "../engine/place-algo.ts";
import { isRejection, type Rejection, reject } from "../engine/rejection.ts";
import { algoReport } from "../wire/order-view.ts";
import { integerOf, type Params, textOf } from "../wire/params.ts";
import { parseAlgo } from "../wire/parse-algo.ts";
import { pageOf } from "./history-page.ts";
import { knownSymbol, namedSymbols } from "./known-symbol.ts";
import { perSymbol } from "./order-endpoints.ts";
import type { EndpointTable, VenueCall } from "./venue-call.ts";

/** Conditional orders: stop, take-profit and trailing, which the plain path refuses with -4120. */
export const ALGO_ENDPOINTS: EndpointTable = {
  "POST /fapi/v1/algoOrder": { weight: 0, security: "SIGNED", isOrder: true, handle: postAlgo },
  "GET /fapi/v1/algoOrder": { weight: 1, security: "SIGNED", handle: getAlgo },
  "DELETE /fapi/v1/algoOrder": { weight: 1, security: "SIGNED", handle: deleteAlgo },
  "GET /fapi/v1/openAlgoOrders": { weight: perSymbol(1, 40), security: "SIGNED", handle: getOpenAlgos },
  "GET /fapi/v1/allAlgoOrders": { weight: 5, security: "SIGNED", handle: getAllAlgos },
  "DELETE /fapi/v1/algoOpenOrders": { weight: 1, security: "SIGNED", handle: deleteAllAlgos },
};

function postAlgo(call: VenueCall) {
  const request = parseAlgo(call.params);
  if (isRejection(request)) return request;
  const algo = placeAlgo(call.state, request, call.nowMs);
  return isRejection(algo) ? algo : algoReport(call.state, algo);
}

function nameOf(params: Params): OrderName | Rejection {
  const orderId = integerOf(params, "algoId");
  if (isRejection(orderId)) return orderId;
  const clientOrderId = textOf(params, "clientAlgoId");
  if (orderId !== undefined || clientOrderId !== undefined) return { orderId, clientOrderId };
  return reject(
    "MANDATORY_PARAM",
    "Param 'clientAlgoId' or 'algoId' must be sent, but both were empty/null!",
  );
}

function getAlgo(call: VenueCall) {
  const name = nameOf(call.params);
  if (isRejection(name)) return name;
  const algo = findAlgo(call.state, name);
  return isRejection(algo) ? algo : algoReport(call.state, algo);
}

function deleteAlgo(call: VenueCall) {
  const name = nameOf(call.params);
  if (isRejection(name)) return name;
  const algo = cancelAlgo(call.state, name, call.nowMs);
  if (isRejection(algo)) return algo;
  return { algoId: algo.algoId, clientAlgoId: algo.clientAlgoId, code: "200", msg: "success" };
}

function getOpenAlgos(call: VenueCall) {
  const symbols = namedSymbols(call);
  if (isRejection(symbols)) return symbols;
  return symbols.flatMap((one) => [...one.waiting.values()]).map((algo) => algoReport(call.state, algo));
}

function getAllAlgos(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  const page = pageOf(call.params, {
    rows: symbol.algoOrders,
    idName: "algoId",
    idOf: (algo) => algo.algoId,
    timeOf: (algo) => algo.createMs,
    limit: 500,
  });
  return isRejection(page) ? page : page.map((algo) => algoReport(call.state, algo));
}

function deleteAllAlgos(call: VenueCall) {
  const symbol = knownSymbol(call);
  if (isRejection(symbol)) return symbol;
  cancelAllAlgos(call.state, symbol, call.nowMs);
  return { code: 200, msg: "The operation of cancel all open order is done." };
}
