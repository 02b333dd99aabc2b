import type { VenueCall } from "../venue/simulated-venue.ts";

/** An order request as it goes over the wire. */
export interface OrderCall {
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly timestampMs: number;
  readonly side: string;
  /** LONG or SHORT in hedge mode, else BOTH. */
  readonly positionSide: string;
  readonly quantity: number;
  /** The venue is told that it may only reduce, in hedge mode by side and position side. */
  readonly reduces: boolean;
  /** Of an order that execution sends for an intent; undefined for everybody else's. */
  readonly intentId: string | undefined;
  readonly attempt: string;
}

const CLOSING = new Set(["SELL LONG", "BUY SHORT"]);
const OF_AN_INTENT = /^([0-9a-f]{32})-(\d+|x[0-9a-z]+)$/;

/** The order in a call of the venue; undefined for every other call. */
export function orderCall(call: VenueCall): OrderCall | undefined {
  if (call.method !== "POST" || !call.url.endsWith("/fapi/v1/order")) return undefined;
  const params = new URLSearchParams(call.body ?? "");
  const clientOrderId = params.get("newClientOrderId") ?? "";
  const [, intentId, attempt = ""] = OF_AN_INTENT.exec(clientOrderId) ?? [];
  const side = params.get("side") ?? "";
  const positionSide = params.get("positionSide") ?? "BOTH";
  return {
    symbol: params.get("symbol") ?? "",
    clientOrderId,
    timestampMs: Number(params.get("timestamp")),
    side,
    positionSide,
    quantity: Number(params.get("quantity")),
    reduces: params.get("reduceOnly") === "true" || CLOSING.has(`${side} ${positionSide}`),
    intentId,
    attempt,
  };
}
