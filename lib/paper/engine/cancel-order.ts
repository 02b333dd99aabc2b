import { moveAlgo } from "./algo-outcome.ts";
import { endOrder } from "./execute-fill.ts";
import { isRejection, type Rejection, reject } from "./rejection.ts";
import { listOpenOrders } from "./resting-orders.ts";
import { type AlgoOrder, isOpen, isWaiting, type VenueOrder } from "./venue-order.ts";
import { clientKey, type SymbolState, type VenueState } from "./venue-state.ts";

/** How a client names an order: the venue's id wins over its own. */
export interface OrderName {
  readonly orderId?: number | undefined;
  readonly clientOrderId?: string | undefined;
}

/** The newest order of that name on the symbol; -2013 when there is none. */
export function findOrder(state: VenueState, symbol: string, name: OrderName): VenueOrder | Rejection {
  const found =
    name.orderId !== undefined
      ? state.ordersById.get(name.orderId)
      : state.latestByClientId.get(clientKey(symbol, name.clientOrderId ?? ""));
  return found?.symbol === symbol ? found : reject("NO_SUCH_ORDER");
}

/** The newest conditional order of that name, on whatever symbol: the venue asks for none. -2013 when there is none. */
export function findAlgo(state: VenueState, name: OrderName): AlgoOrder | Rejection {
  const found =
    name.orderId !== undefined
      ? state.algosById.get(name.orderId)
      : state.latestAlgoByClientId.get(name.clientOrderId ?? "");
  return found ?? reject("NO_SUCH_ORDER");
}

export interface CancelRequest {
  readonly symbol: string;
  readonly name: OrderName;
  readonly nowMs: number;
}

/** -2011 when the order is unknown or not open any more. */
export function cancelOrder(state: VenueState, request: CancelRequest): VenueOrder | Rejection {
  const found = findOrder(state, request.symbol, request.name);
  if (isRejection(found) || !isOpen(found)) return reject("CANCEL_REJECTED");
  endOrder(state, found, { status: "CANCELED", nowMs: request.nowMs });
  return found;
}

/** -2011 when the conditional order is unknown or has triggered already. */
export function cancelAlgo(state: VenueState, name: OrderName, nowMs: number): AlgoOrder | Rejection {
  const found = findAlgo(state, name);
  if (isRejection(found) || !isWaiting(found)) return reject("CANCEL_REJECTED");
  moveAlgo(state, found, { status: "CANCELED", nowMs });
  return found;
}

/** Cancels the plain orders of a symbol; conditional ones have their own call. */
export function cancelAllOrders(state: VenueState, symbol: SymbolState, nowMs: number): void {
  for (const order of listOpenOrders(symbol)) endOrder(state, order, { status: "CANCELED", nowMs });
}

/** Cancels the waiting conditional orders of a symbol; those that triggered are plain orders by then. */
export function cancelAllAlgos(state: VenueState, symbol: SymbolState, nowMs: number): void {
  for (const algo of [...symbol.waiting.values()]) moveAlgo(state, algo, { status: "CANCELED", nowMs });
}
