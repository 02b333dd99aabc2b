import { checkPrice, checkQuantity } from "./check-filters.ts";
import { checkPositionMode, isClosing } from "./closing-rules.ts";
import { pushAlgoEvent } from "./order-event.ts";
import type { AlgoRequest } from "./order-request.ts";
import { type Rejection, reject } from "./rejection.ts";
import { hasTriggered, isActivatedAtOnce, trail } from "./trigger-rules.ts";
import type { AlgoOrder } from "./venue-order.ts";
import type { SymbolState, VenueState } from "./venue-state.ts";

/**
 * Accepts a conditional order. It holds neither margin nor position size until it triggers: only then is
 * it judged as an order.
 */
export function placeAlgo(state: VenueState, request: AlgoRequest, nowMs: number): AlgoOrder | Rejection {
  const symbol = state.symbols.get(request.symbol);
  if (symbol === undefined) return reject("BAD_SYMBOL");
  const refusal = checkAccount(state, request) ?? checkShape(symbol, request) ?? checkPlace(symbol, request);
  if (refusal !== undefined) return refusal;
  const algo = makeAlgo(state, request, nowMs);
  if (hasTriggered(algo, symbol.quote) || isActivatedAtOnce(algo, symbol.quote)) {
    return reject("ORDER_WOULD_IMMEDIATELY_TRIGGER");
  }
  trail(algo, symbol.quote, symbol.instrument);
  state.nextAlgoId += 1;
  state.algosById.set(algo.algoId, algo);
  state.latestAlgoByClientId.set(algo.clientAlgoId, algo);
  state.waitingByClientId.set(algo.clientAlgoId, algo);
  symbol.waiting.set(algo.algoId, algo);
  symbol.algoOrders.push(algo);
  if (algo.timeInForce === "GTD") state.expiries.set(algo.algoId, algo.goodTillDate);
  pushAlgoEvent(state, algo, { nowMs });
  return algo;
}

function checkAccount(state: VenueState, request: AlgoRequest): Rejection | undefined {
  const sent = request.closePosition ? undefined : request.reduceOnly;
  const mode = checkPositionMode(state, { ...request, reduceOnly: sent });
  if (mode !== undefined) return mode;
  const { clientAlgoId } = request;
  if (clientAlgoId !== undefined && state.waitingByClientId.has(clientAlgoId)) {
    return reject("DUPLICATED_CLIENT_ORDER_ID");
  }
  const closable = isClosing(state.hedgeMode, { ...request, reduceOnly: true });
  return request.closePosition && !closable ? reject("REDUCE_ONLY_REJECT") : undefined;
}

function checkShape(symbol: SymbolState, request: AlgoRequest): Rejection | undefined {
  const { instrument } = symbol;
  const limit = request.orderType === "STOP" || request.orderType === "TAKE_PROFIT";
  const lot = limit ? instrument.limitLot : instrument.marketLot;
  const quantity = request.closePosition
    ? undefined
    : checkQuantity(request.quantity, lot, instrument.quantityPrecision);
  if (quantity !== undefined) return quantity;
  const prices = [limit ? request.price : undefined, request.triggerPrice, request.activatePrice];
  for (const price of prices) {
    const refusal = price === undefined ? undefined : checkPrice(price, instrument);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** -4045 and -4130: how many may wait, and one closePosition order a direction and kind. */
function checkPlace(symbol: SymbolState, request: AlgoRequest): Rejection | undefined {
  if (symbol.waiting.size >= symbol.instrument.maxAlgoOrders) return reject("MAX_STOP_ORDER_EXCEEDED");
  if (!request.closePosition) return undefined;
  for (const algo of symbol.waiting.values()) {
    const same = algo.side === request.side && algo.positionSide === request.positionSide;
    if (algo.closePosition && same && isProfitKind(algo) === isProfitKind(request)) {
      return reject("TARGET_STRATEGY_EXISTS");
    }
  }
  return undefined;
}

function isProfitKind(order: Pick<AlgoRequest, "orderType">): boolean {
  return order.orderType === "TAKE_PROFIT" || order.orderType === "TAKE_PROFIT_MARKET";
}

function makeAlgo(state: VenueState, request: AlgoRequest, nowMs: number): AlgoOrder {
  const algoId = state.nextAlgoId;
  return {
    algoId,
    clientAlgoId: request.clientAlgoId ?? `paper_algo_${algoId}`,
    symbol: request.symbol,
    side: request.side,
    positionSide: request.positionSide,
    orderType: request.orderType,
    timeInForce: request.timeInForce,
    quantity: request.quantity,
    price: request.price,
    workingType: request.workingType,
    closePosition: request.closePosition,
    priceProtect: request.priceProtect,
    reduceOnly: request.closePosition || request.reduceOnly === true,
    activatePrice: request.activatePrice,
    callbackRate: request.callbackRate,
    goodTillDate: request.goodTillDate,
    createMs: nowMs,
    triggerPrice: request.triggerPrice,
    extreme: undefined,
    status: "NEW",
    updateMs: nowMs,
    triggerMs: 0,
    actualOrderId: 0,
  };
}
