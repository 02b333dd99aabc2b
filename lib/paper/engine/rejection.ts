/** The venue's documented error codes this exchange can answer with, under the venue's own names. */
export const VENUE_ERRORS = {
  UNKNOWN: [-1000, "An unknown error occurred while processing the request."],
  DISCONNECTED: [-1001, "Internal error; unable to process your request. Please try again."],
  TOO_MANY_REQUESTS: [-1003, "Too many requests."],
  UNEXPECTED_RESP: [
    -1006,
    "An unexpected response was received from the message bus. Execution status unknown.",
  ],
  TIMEOUT: [
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
  ],
  SERVER_BUSY: [-1008, "Request throttled by system-level protection. Please try again."],
  TOO_MANY_ORDERS: [-1015, "Too many new orders."],
  SERVICE_SHUTTING_DOWN: [-1016, "This service is no longer available."],
  INVALID_TIMESTAMP: [-1021, "Timestamp for this request is outside of the recvWindow."],
  INVALID_SIGNATURE: [-1022, "Signature for this request is not valid."],
  ILLEGAL_CHARS: [-1100, "Illegal characters found in a parameter."],
  MANDATORY_PARAM: [-1102, "A mandatory parameter was not sent, was empty/null, or malformed."],
  PARAM_NOT_REQUIRED: [-1106, "A parameter was sent when not required."],
  BAD_PRECISION: [-1111, "Precision is over the maximum defined for this asset."],
  INVALID_TIF: [-1115, "Invalid timeInForce."],
  INVALID_ORDER_TYPE: [-1116, "Invalid orderType."],
  INVALID_SIDE: [-1117, "Invalid side."],
  BAD_SYMBOL: [-1121, "Invalid symbol."],
  INVALID_LISTEN_KEY: [-1125, "This listenKey does not exist."],
  OPTIONAL_PARAMS_BAD_COMBO: [-1128, "Combination of optional parameters invalid."],
  INVALID_PARAMETER: [-1130, "Data sent for a parameter is not valid."],
  BAD_RECV_WINDOW: [-1131, "recvWindow must be less than 60000."],
  INVALID_NEW_ORDER_RESP_TYPE: [-1136, "Invalid newOrderRespType."],
  CANCEL_REJECTED: [-2011, "Unknown order sent."],
  NO_SUCH_ORDER: [-2013, "Order does not exist."],
  BAD_API_KEY_FMT: [-2014, "API-key format invalid."],
  REJECTED_MBX_KEY: [-2015, "Invalid API-key, IP, or permissions for action."],
  MARGIN_NOT_SUFFICIENT: [-2019, "Margin is insufficient."],
  ORDER_WOULD_IMMEDIATELY_TRIGGER: [-2021, "Order would immediately trigger."],
  REDUCE_ONLY_REJECT: [-2022, "ReduceOnly Order is rejected."],
  MAX_OPEN_ORDER_EXCEEDED: [-2025, "Reach max open order limit."],
  MAX_LEVERAGE_RATIO: [-2027, "Exceeded the maximum allowable position at current leverage."],
  MIN_LEVERAGE_RATIO: [-2028, "Leverage is smaller than permitted: insufficient margin balance."],
  PRICE_LESS_THAN_ZERO: [-4001, "Price less than 0."],
  PRICE_GREATER_THAN_MAX_PRICE: [-4002, "Price greater than max price."],
  QTY_LESS_THAN_ZERO: [-4003, "Quantity less than or equal to zero."],
  QTY_LESS_THAN_MIN_QTY: [-4004, "Quantity less than min quantity."],
  QTY_GREATER_THAN_MAX_QTY: [-4005, "Quantity greater than max quantity."],
  STOP_PRICE_LESS_THAN_ZERO: [-4006, "Stop price less than zero."],
  STOP_PRICE_GREATER_THAN_MAX_PRICE: [-4007, "Stop price greater than max price."],
  PRICE_LESS_THAN_MIN_PRICE: [-4013, "Price less than min price."],
  PRICE_NOT_INCREASED_BY_TICK_SIZE: [-4014, "Price not increased by tick size."],
  INVALID_CL_ORD_ID_LEN: [-4015, "Client order id length should be less than 36 chars."],
  PRICE_HIGHER_THAN_MULTIPLIER_UP: [-4016, "Price is higher than mark price multiplier cap."],
  QTY_NOT_INCREASED_BY_STEP_SIZE: [-4023, "Qty not increased by step size."],
  PRICE_LOWER_THAN_MULTIPLIER_DOWN: [-4024, "Price is lower than mark price multiplier floor."],
  INVALID_LEVERAGE: [-4028, "Leverage is not valid."],
  MAX_STOP_ORDER_EXCEEDED: [-4045, "Reach max stop order limit."],
  NO_NEED_TO_CHANGE_MARGIN_TYPE: [-4046, "No need to change margin type."],
  THERE_EXISTS_OPEN_ORDERS: [-4047, "Margin type cannot be changed if there exists open orders."],
  THERE_EXISTS_QUANTITY: [-4048, "Margin type cannot be changed if there exists position."],
  NO_NEED_TO_CHANGE_POSITION_SIDE: [-4059, "No need to change position side."],
  INVALID_POSITION_SIDE: [-4060, "Invalid position side."],
  POSITION_SIDE_NOT_MATCH: [-4061, "Order's position side does not match user's setting."],
  POSITION_SIDE_CHANGE_EXISTS_OPEN_ORDERS: [
    -4067,
    "Position side cannot be changed if there exists open orders.",
  ],
  POSITION_SIDE_CHANGE_EXISTS_QUANTITY: [-4068, "Position side cannot be changed if there exists position."],
  DUPLICATED_CLIENT_ORDER_ID: [-4116, "ClientOrderId is duplicated."],
  REDUCE_ONLY_MARGIN_CHECK_FAILED: [
    -4118,
    "ReduceOnly Order Failed. Please check your existing position and open orders.",
  ],
  STOP_ORDER_SWITCH_ALGO: [
    -4120,
    "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.",
  ],
  TARGET_STRATEGY_EXISTS: [
    -4130,
    "An open stop or take profit order with GTE and closePosition in the direction is existing.",
  ],
  INVALID_TARGET_STRATEGY: [-4136, "Target strategy invalid for this order type with closePosition true."],
  QUANTITY_EXISTS_WITH_CLOSE_POSITION: [-4137, "Quantity must be zero with closePosition equals true."],
  INVALID_CALLBACK_RATE: [-4186, "Callback rate must be from 0.1 to 10."],
  MARKET_ORDER_REJECT: [-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit."],
  MIN_NOTIONAL: [
    -4164,
    "Order's notional must be no smaller than the minimum (unless you choose reduce only).",
  ],
  INVALID_PATH: [-5000, "Path or method is invalid."],
  FOK_ORDER_REJECT: [
    -5021,
    "Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history.",
  ],
  GTX_ORDER_REJECT: [
    -5022,
    "Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history.",
  ],
  ME_RECVWINDOW_REJECT: [-5028, "Timestamp for this request is outside of the ME recvWindow."],
  INVALID_PRICE_MATCH: [-5037, "Invalid price match."],
  INVALID_GOOD_TILL_DATE: [
    -5040,
    "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000.",
  ],
} as const satisfies Record<string, readonly [number, string]>;

export type VenueErrorName = keyof typeof VENUE_ERRORS;

/** A refusal by the venue: a value, never thrown. */
export interface Rejection {
  readonly rejected: true;
  readonly code: number;
  readonly msg: string;
}

/** `msg` replaces the documented text where the venue fills in a name or a number. */
export function reject(name: VenueErrorName, msg?: string): Rejection {
  const [code, documented] = VENUE_ERRORS[name];
  return { rejected: true, code, msg: msg ?? documented };
}

/** Tells a refusal from whatever else the call may answer with. */
export function isRejection(value: unknown): value is Rejection {
  return typeof value === "object" && value !== null && "rejected" in value;
}
