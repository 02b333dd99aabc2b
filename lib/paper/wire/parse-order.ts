import type { OrderRequest } from "../engine/order-request.ts";
import {
  CONDITIONAL_TYPES,
  PLAIN_TYPES,
  POSITION_SIDES,
  SIDES,
  TIMES_IN_FORCE,
} from "../engine/order-terms.ts";
import { isRejection, type Rejection, reject } from "../engine/rejection.ts";
import { ZERO } from "../engine/zero.ts";
import { booleanOf, decimalOf, integerOf, missing, type Params, textOf, unwanted, wordOf } from "./params.ts";

export interface PlainOrder {
  readonly request: OrderRequest;
  /** What the reply shows: the order as accepted, or as it is after matching. */
  readonly respType: "ACK" | "RESULT";
}

const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;
const CLIENT_ID_TEXT = "'^[\\.A-Z\\:/a-z0-9_-]{1,36}$'";
const CONDITIONAL_ONLY = ["stopPrice", "activationPrice", "activatePrice", "callbackRate"];

/** POST /order: well-formed, or the venue's complaint about its form. */
export function parseOrder(params: Params): PlainOrder | Rejection {
  const symbol = textOf(params, "symbol");
  if (symbol === undefined) return missing("symbol");
  const direction = parseDirection(params);
  if (isRejection(direction)) return direction;
  const type = parseType(params);
  if (isRejection(type)) return type;
  const terms = type === "LIMIT" ? parseLimitTerms(params) : parseMarketTerms(params);
  if (isRejection(terms)) return terms;
  const quantity = decimalOf(params, "quantity");
  if (isRejection(quantity)) return quantity;
  if (quantity === undefined) return missing("quantity");
  const reduceOnly = booleanOf(params, "reduceOnly");
  if (isRejection(reduceOnly)) return reduceOnly;
  const clientOrderId = parseClientId(params, "newClientOrderId");
  if (isRejection(clientOrderId)) return clientOrderId;
  const respType = wordOf(params, "newOrderRespType", ["ACK", "RESULT"]);
  if (respType === null) return reject("INVALID_NEW_ORDER_RESP_TYPE");
  const request = {
    symbol,
    ...direction,
    type,
    ...terms,
    quantity,
    reduceOnly,
    clientOrderId: clientOrderId?.id,
  };
  return { request, respType: respType ?? "ACK" };
}

/** Side and position side, common to plain and conditional orders. */
export function parseDirection(params: Params): Pick<OrderRequest, "side" | "positionSide"> | Rejection {
  const side = wordOf(params, "side", SIDES);
  if (side === undefined) return missing("side");
  if (side === null) return reject("INVALID_SIDE");
  const positionSide = wordOf(params, "positionSide", POSITION_SIDES);
  if (positionSide === null) return reject("INVALID_POSITION_SIDE");
  return { side, positionSide: positionSide ?? "BOTH" };
}

/** The client's own id: -4015 when too long, -1100 when it has other characters; undefined when not sent. */
export function parseClientId(params: Params, name: string): { id: string } | undefined | Rejection {
  const id = textOf(params, name);
  if (id === undefined) return undefined;
  if (id.length > 36) return reject("INVALID_CL_ORD_ID_LEN");
  if (CLIENT_ID.test(id)) return { id };
  return reject(
    "ILLEGAL_CHARS",
    `Illegal characters found in parameter '${name}'; legal range is ${CLIENT_ID_TEXT}.`,
  );
}

function parseType(params: Params): "LIMIT" | "MARKET" | Rejection {
  const type = wordOf(params, "type", [...PLAIN_TYPES, ...CONDITIONAL_TYPES]);
  if (type === undefined) return missing("type");
  if (type === null) return reject("INVALID_ORDER_TYPE");
  if (type !== "LIMIT" && type !== "MARKET") return reject("STOP_ORDER_SWITCH_ALGO");
  const closePosition = booleanOf(params, "closePosition");
  if (isRejection(closePosition)) return closePosition;
  if (closePosition === true) return reject("INVALID_TARGET_STRATEGY");
  const stray = CONDITIONAL_ONLY.find((name) => textOf(params, name) !== undefined);
  if (stray !== undefined) return unwanted(stray);
  const match = textOf(params, "priceMatch") ?? "NONE";
  return match === "NONE" ? type : reject("INVALID_PRICE_MATCH");
}

type PriceTerms = Pick<OrderRequest, "price" | "timeInForce" | "goodTillDate">;

function parseMarketTerms(params: Params): PriceTerms | Rejection {
  const stray = ["price", "timeInForce", "goodTillDate"].find((name) => textOf(params, name) !== undefined);
  if (stray !== undefined) return unwanted(stray);
  return { price: ZERO, timeInForce: "GTC", goodTillDate: 0 };
}

/** Price and time in force of a limit order; also of a conditional order that becomes one. */
export function parseLimitTerms(params: Params): PriceTerms | Rejection {
  const timeInForce = wordOf(params, "timeInForce", TIMES_IN_FORCE);
  if (timeInForce === undefined) return missing("timeInForce");
  if (timeInForce === null) return reject("INVALID_TIF");
  const price = decimalOf(params, "price");
  if (isRejection(price)) return price;
  if (price === undefined) return missing("price");
  const goodTillDate = parseGoodTillDate(params, timeInForce === "GTD");
  return isRejection(goodTillDate) ? goodTillDate : { price, timeInForce, goodTillDate };
}

/** Required with GTD, refused without; whole seconds count, as at the venue. 0 when there is none. */
export function parseGoodTillDate(params: Params, wanted: boolean): number | Rejection {
  const goodTillDate = integerOf(params, "goodTillDate");
  if (isRejection(goodTillDate)) return goodTillDate;
  if (!wanted) return goodTillDate === undefined || goodTillDate === 0 ? 0 : unwanted("goodTillDate");
  return goodTillDate === undefined ? missing("goodTillDate") : Math.floor(goodTillDate / 1000) * 1000;
}
