import type Big from "big.js";
import type { AlgoRequest } from "../engine/order-request.ts";
import {
  CONDITIONAL_TYPES,
  type ConditionalType,
  TIMES_IN_FORCE,
  WORKING_TYPES,
} from "../engine/order-terms.ts";
import { isRejection, type Rejection, reject } from "../engine/rejection.ts";
import { ZERO } from "../engine/zero.ts";
import { booleanOf, decimalOf, invalid, missing, type Params, textOf, unwanted, wordOf } from "./params.ts";
import { parseClientId, parseDirection, parseGoodTillDate } from "./parse-order.ts";

/** POST /algoOrder: well-formed, or the venue's complaint about its form. */
export function parseAlgo(params: Params): AlgoRequest | Rejection {
  const head = parseHead(params);
  if (isRejection(head)) return head;
  const flags = parseFlags(params, head.orderType);
  if (isRejection(flags)) return flags;
  const amounts = parseAmounts(params, head.orderType, flags.closePosition);
  if (isRejection(amounts)) return amounts;
  const timing = parseTiming(params);
  if (isRejection(timing)) return timing;
  return { ...head, ...flags, ...amounts, ...timing };
}

type Head = Pick<AlgoRequest, "symbol" | "side" | "positionSide" | "orderType" | "clientAlgoId">;

function parseHead(params: Params): Head | Rejection {
  const algoType = wordOf(params, "algoType", ["CONDITIONAL"]);
  if (algoType === undefined) return missing("algoType");
  if (algoType === null) return invalid("algoType");
  const symbol = textOf(params, "symbol");
  if (symbol === undefined) return missing("symbol");
  const direction = parseDirection(params);
  if (isRejection(direction)) return direction;
  const orderType = wordOf(params, "type", CONDITIONAL_TYPES);
  if (orderType === undefined) return missing("type");
  if (orderType === null) return reject("INVALID_ORDER_TYPE");
  const clientAlgoId = parseClientId(params, "clientAlgoId");
  if (isRejection(clientAlgoId)) return clientAlgoId;
  return { symbol, ...direction, orderType, clientAlgoId: clientAlgoId?.id };
}

type Flags = Pick<AlgoRequest, "closePosition" | "priceProtect" | "reduceOnly" | "workingType">;

function parseFlags(params: Params, orderType: ConditionalType): Flags | Rejection {
  const closePosition = booleanOf(params, "closePosition");
  if (isRejection(closePosition)) return closePosition;
  const priceProtect = booleanOf(params, "priceProtect");
  if (isRejection(priceProtect)) return priceProtect;
  const reduceOnly = booleanOf(params, "reduceOnly");
  if (isRejection(reduceOnly)) return reduceOnly;
  const workingType = wordOf(params, "workingType", WORKING_TYPES);
  if (workingType === null) return invalid("workingType");
  const closes = closePosition === true;
  if (closes && orderType !== "STOP_MARKET" && orderType !== "TAKE_PROFIT_MARKET") {
    return reject(
      "INVALID_TARGET_STRATEGY",
      `Target strategy invalid for orderType ${orderType},closePosition true`,
    );
  }
  if (closes && reduceOnly !== undefined) return unwanted("reduceonly");
  return {
    closePosition: closes,
    priceProtect: priceProtect === true,
    reduceOnly,
    workingType: workingType ?? "CONTRACT_PRICE",
  };
}

type Amounts = Pick<AlgoRequest, "quantity" | "price" | "triggerPrice" | "activatePrice" | "callbackRate">;

function parseAmounts(params: Params, orderType: ConditionalType, closes: boolean): Amounts | Rejection {
  const quantity = decimalOf(params, "quantity");
  if (isRejection(quantity)) return quantity;
  const price = decimalOf(params, "price");
  if (isRejection(price)) return price;
  const triggerPrice = decimalOf(params, "triggerPrice");
  if (isRejection(triggerPrice)) return triggerPrice;
  // The older name is still what some clients send.
  const activatePrice = decimalOf(params, params.has("activatePrice") ? "activatePrice" : "activationPrice");
  if (isRejection(activatePrice)) return activatePrice;
  const callbackRate = decimalOf(params, "callbackRate");
  if (isRejection(callbackRate)) return callbackRate;
  const amounts = { quantity, price, triggerPrice, activatePrice, callbackRate };
  const complaint = checkAmounts(amounts, orderType, closes);
  if (complaint !== undefined) return complaint;
  return { ...amounts, quantity: quantity ?? ZERO, price: price ?? ZERO };
}

type SentAmounts = { readonly [Name in keyof Amounts]: Big | undefined };

/** Which of the amounts each kind of order needs, and which it may not have. */
function checkAmounts(sent: SentAmounts, orderType: ConditionalType, closes: boolean): Rejection | undefined {
  const trailing = orderType === "TRAILING_STOP_MARKET";
  const limit = orderType === "STOP" || orderType === "TAKE_PROFIT";
  if (closes && sent.quantity !== undefined) return reject("QUANTITY_EXISTS_WITH_CLOSE_POSITION");
  if (!closes && sent.quantity === undefined) return missing("quantity");
  if (limit && sent.price === undefined) return missing("price");
  if (!limit && sent.price !== undefined) return unwanted("price");
  if (!trailing) {
    if (sent.triggerPrice === undefined) return missing("triggerPrice");
    return sent.callbackRate === undefined ? undefined : unwanted("callbackRate");
  }
  if (sent.triggerPrice !== undefined) return unwanted("triggerPrice");
  if (sent.callbackRate === undefined) return missing("callbackRate");
  const inRange = sent.callbackRate.gte("0.1") && sent.callbackRate.lte(10);
  return inRange ? undefined : reject("INVALID_CALLBACK_RATE");
}

function parseTiming(params: Params): Pick<AlgoRequest, "timeInForce" | "goodTillDate"> | Rejection {
  const timeInForce = wordOf(params, "timeInForce", TIMES_IN_FORCE);
  if (timeInForce === null) return reject("INVALID_TIF");
  const goodTillDate = parseGoodTillDate(params, timeInForce === "GTD");
  return isRejection(goodTillDate) ? goodTillDate : { timeInForce: timeInForce ?? "GTC", goodTillDate };
}
