import { reject } from "../engine/rejection.ts";
import type { EndpointTable } from "./venue-call.ts";

/** The user-data stream's key: needs the API key, no signature. */
export const STREAM_ENDPOINTS: EndpointTable = {
  "POST /fapi/v1/listenKey": {
    weight: 1,
    security: "KEY",
    handle: ({ venue, nowMs }) => ({ listenKey: venue.listenKey.open(nowMs) }),
  },
  "PUT /fapi/v1/listenKey": {
    weight: 1,
    security: "KEY",
    handle: ({ venue, nowMs }) => {
      const listenKey = venue.listenKey.prolong(nowMs);
      return listenKey === undefined ? reject("INVALID_LISTEN_KEY") : { listenKey };
    },
  },
  "DELETE /fapi/v1/listenKey": {
    weight: 1,
    security: "KEY",
    handle: ({ venue }) => {
      venue.listenKey.close();
      return {};
    },
  },
};
