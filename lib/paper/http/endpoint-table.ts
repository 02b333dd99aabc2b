import { ACCOUNT_ENDPOINTS } from "./account-endpoints.ts";
import { ALGO_ENDPOINTS } from "./algo-endpoints.ts";
import { MARKET_ENDPOINTS } from "./market-endpoints.ts";
import { ORDER_ENDPOINTS } from "./order-endpoints.ts";
import { STREAM_ENDPOINTS } from "./stream-endpoints.ts";
import type { Endpoint } from "./venue-call.ts";

/** Every endpoint of the venue by "METHOD /path". */
export function endpointTable(): ReadonlyMap<string, Endpoint> {
  return new Map(
    Object.entries({
      ...MARKET_ENDPOINTS,
      ...ORDER_ENDPOINTS,
      ...ALGO_ENDPOINTS,
      ...ACCOUNT_ENDPOINTS,
      ...STREAM_ENDPOINTS,
    }),
  );
}
