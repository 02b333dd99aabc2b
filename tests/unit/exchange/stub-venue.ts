import { createServer, type Socket } from "node:net";
import { systemClock } from "../../../lib/daemon/clock.ts";
import type { Outcome } from "../../../lib/exchange/outcome-classes.ts";
import { createRequestBudget, DOCUMENTED_RATE_LIMITS } from "../../../lib/exchange/request-budget.ts";
import {
  createVenueTransport,
  type Fetch,
  type VenueRequest,
} from "../../../lib/exchange/venue-transport.ts";

export const ORDER: VenueRequest = {
  method: "POST",
  path: "/fapi/v1/order",
  query: "symbol=BTCUSDT",
  security: "signed",
  signing: { timestampMs: 1_700_000_000_000, recvWindowMs: 2000 },
  cost: { weight: 0, orders: 1 },
};
export const READ: VenueRequest = {
  method: "GET",
  path: "/fapi/v1/openOrders",
  query: "symbol=BTCUSDT",
  security: "signed",
  cost: { weight: 1, orders: 0 },
};
export const SECRET = "a-secret-that-must-never-show";

export interface Heard {
  readonly method: string;
  readonly url: URL;
  readonly body: string;
  readonly headers: Headers;
}

/** An HTTP venue that answers as told and remembers what it heard. */
export function stubVenue(answer: (heard: Heard) => Response | Promise<Response>) {
  const heard: Heard[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const one = {
        method: request.method,
        url: new URL(request.url),
        body: await request.text(),
        headers: request.headers,
      };
      heard.push(one);
      return answer(one);
    },
  });
  return {
    heard,
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** A raw TCP venue: `onRequest` gets every request head and the socket it came on. */
export async function rawVenue(onRequest: (count: number, socket: Socket) => void) {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      heard.push(chunk.toString().split("\r\n")[0] ?? "");
      onRequest(heard.length, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    heard,
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A transport to a stub, with everything it reports. */
export function transportTo(
  baseUrl: string,
  options: { readonly timeoutMs?: number; readonly fetch?: Fetch } = {},
) {
  const outcomes: Outcome[] = [];
  const venueNowMs = () => 1_700_000_000_500;
  const budget = createRequestBudget({
    nowMs: venueNowMs,
    monotonicMs: () => 1000,
    exitReservePct: 20,
  });
  budget.setLimits(DOCUMENTED_RATE_LIMITS);
  const transport = createVenueTransport({
    baseUrl,
    apiKey: "the-key",
    apiSecret: SECRET,
    timeoutMs: options.timeoutMs ?? 2000,
    fetch: options.fetch ?? fetch,
    clock: systemClock,
    budget,
    venueNowMs,
    onOutcome: (outcome) => outcomes.push(outcome),
    onAccepted: () => undefined,
  });
  return { transport, budget, outcomes };
}
