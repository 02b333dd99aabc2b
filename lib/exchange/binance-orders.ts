/**
 * Orders on Binance USD-M: placed, asked for, cancelled.
 *
 * Invariants
 * 1. An order goes out with exactly the timestamp and window the caller wrote down, once.
 * 2. `accepted` means the venue's own words on this very client id; anything less is ambiguous.
 */
import type { AlgoOrder, Exchange, Reading, SubmitOutcome, VenueOrder } from "./exchange.ts";
import type { Outcome } from "./outcome-classes.ts";
import { misfit, readReply, readRows } from "./read-reply.ts";
import { symbolParameter } from "./symbol-parameter.ts";
import { algoOrderSchema, restingOrderSchema, venueOrderSchema } from "./venue-replies.ts";
import type { VenueRequest, VenueTransport } from "./venue-transport.ts";

type OrderMethods = Pick<
  Exchange,
  | "submitOrder"
  | "queryOrder"
  | "openOrders"
  | "cancelAll"
  | "placeAlgoOrder"
  | "openAlgoOrders"
  | "cancelAlgo"
  | "cancelAllAlgo"
>;

const ORDER_COST = { weight: 0, orders: 1 } as const;
const ONE = { weight: 1, orders: 0 } as const;
const ALL_SYMBOLS = { weight: 40, orders: 0 } as const;

function refusal(outcome: Outcome): SubmitOutcome<never> {
  return outcome.phase === "ambiguous"
    ? { phase: "ambiguous", retryable: false, outcome }
    : { phase: "rejected", retryable: outcome.retryable, outcome };
}

/** The order in an accepted reply; one that is not the order we sent leaves ours in doubt. */
function accepted<T extends VenueOrder | AlgoOrder>(
  request: VenueRequest,
  reading: Reading<T>,
  isOurs: (order: T) => boolean,
): SubmitOutcome<T> {
  if (!reading.ok) return refusal(reading.outcome);
  if (isOurs(reading.value)) return { phase: "accepted", order: reading.value };
  return refusal(misfit(request, "answers for another order"));
}

/** The order methods of the port, over a transport. */
export function createOrderMethods(transport: VenueTransport): OrderMethods {
  const signedRequest = (request: Omit<VenueRequest, "security">): VenueRequest => ({
    ...request,
    security: "signed",
  });

  async function cancel(path: string, query: string): Promise<Reading<null>> {
    const reply = await transport.send(signedRequest({ method: "DELETE", path, query, cost: ONE }));
    if (!reply.ok && reply.outcome.class !== "ALREADY") return reply;
    return { ok: true, value: null };
  }

  return {
    async submitOrder(order, signing) {
      // Market orders only: the plan of an exit or entry never rests in the book.
      const query =
        `${symbolParameter(order.symbol)}&side=${order.side}&positionSide=${order.positionSide}&type=MARKET` +
        `&quantity=${order.quantity}&newClientOrderId=${encodeURIComponent(order.clientOrderId)}` +
        `&newOrderRespType=RESULT${order.reduceOnly && order.positionSide === "BOTH" ? "&reduceOnly=true" : ""}`;
      const request: VenueRequest = {
        method: "POST",
        path: "/fapi/v1/order",
        query,
        security: "signed",
        signing,
        cost: ORDER_COST,
        kind: order.kind,
      };
      const reading = readReply(request, await transport.send(request), venueOrderSchema);
      return accepted(request, reading, (found) => found.clientOrderId === order.clientOrderId);
    },

    async queryOrder(symbol, clientOrderId, kind = "exit") {
      const query = `${symbolParameter(symbol)}&origClientOrderId=${encodeURIComponent(clientOrderId)}`;
      const request = signedRequest({ method: "GET", path: "/fapi/v1/order", query, cost: ONE, kind });
      const reading = readReply(request, await transport.send(request), venueOrderSchema);
      if (!reading.ok) {
        const absent = reading.outcome.row === "NO_SUCH_ORDER";
        return absent ? { kind: "absent" } : { kind: "unknown", outcome: reading.outcome };
      }
      if (reading.value.clientOrderId === clientOrderId) return { kind: "found", order: reading.value };
      return { kind: "unknown", outcome: misfit(request, "answers for another order") };
    },

    async openOrders(symbol) {
      const cost = symbol === undefined ? ALL_SYMBOLS : ONE;
      const request = signedRequest({
        method: "GET",
        path: "/fapi/v1/openOrders",
        query: symbolParameter(symbol),
        cost,
      });
      return readRows(request, await transport.send(request), restingOrderSchema);
    },

    cancelAll: (symbol) => cancel("/fapi/v1/allOpenOrders", symbolParameter(symbol)),

    async placeAlgoOrder(stop, signing) {
      const query =
        `algoType=CONDITIONAL&${symbolParameter(stop.symbol)}&side=${stop.side}&positionSide=${stop.positionSide}` +
        `&type=STOP_MARKET&triggerPrice=${stop.triggerPrice}&workingType=MARK_PRICE&closePosition=true` +
        `&clientAlgoId=${encodeURIComponent(stop.clientAlgoId)}`;
      const path = "/fapi/v1/algoOrder";
      const request = signedRequest({ method: "POST", path, query, signing, cost: ORDER_COST });
      const reading = readReply(request, await transport.send(request), algoOrderSchema);
      return accepted(request, reading, (found) => found.clientAlgoId === stop.clientAlgoId);
    },

    async openAlgoOrders(symbol) {
      const cost = symbol === undefined ? ALL_SYMBOLS : ONE;
      const path = "/fapi/v1/openAlgoOrders";
      const request = signedRequest({ method: "GET", path, query: symbolParameter(symbol), cost });
      return readRows(request, await transport.send(request), algoOrderSchema);
    },

    cancelAlgo: (clientAlgoId) =>
      cancel("/fapi/v1/algoOrder", `clientAlgoId=${encodeURIComponent(clientAlgoId)}`),

    cancelAllAlgo: (symbol) => cancel("/fapi/v1/algoOpenOrders", symbolParameter(symbol)),
  };
}
