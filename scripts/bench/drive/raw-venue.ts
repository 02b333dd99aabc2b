import { z } from "zod";
import { createBinanceExchange } from "../../../lib/exchange/binance-exchange.ts";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import { benchClock, quietLog } from "../surroundings.ts";
import { keepInFlight } from "./keep-in-flight.ts";

const RECV_WINDOW_MS = 2000;
const sizedSchema = z.looseObject({ symbol: z.string(), entry_price: z.string().transform(Number) });

/** A market order, written down before the clock starts. */
export interface RawOrder {
  readonly symbol: string;
  readonly quantity: string;
}

/** Execution's own client to the venue in this process, connected. Throws when it cannot be. */
export async function connectRawVenue(restUrl: string): Promise<Exchange> {
  const exchange = createBinanceExchange({
    ...{ mode: "PAPER", restUrl, apiKey: "paper", apiSecret: "paper", requestTimeoutMs: 10_000 },
    ...{ exitReservePct: 0, fetch, clock: benchClock, log: quietLog },
  });
  const connected = await exchange.connect();
  if (!connected.ok) throw new Error(connected.outcome.message);
  return exchange;
}

/** The order a decision's payload stands for: the smallest the venue takes is far below it. */
export function rawOrderOf(payload: string): RawOrder {
  const { symbol, entry_price: price } = sizedSchema.parse(JSON.parse(payload));
  return { symbol, quantity: String(Math.max(1, Math.ceil(200 / price))) };
}

let sent = 0;

/** Sends orders and reads what each did, as execution does, with nothing between. Returns orders a second. */
export async function rawOrderRate(
  exchange: Exchange,
  orders: readonly RawOrder[],
  inFlight: number,
): Promise<number> {
  const { elapsedMs } = await keepInFlight(orders.length, inFlight, async (index) => {
    const order = orders[index];
    if (order === undefined) return;
    sent += 1;
    const shape = { side: sent % 2 === 0 ? "BUY" : "SELL", positionSide: "BOTH", reduceOnly: false } as const;
    const signing = { timestampMs: exchange.serverNowMs(), recvWindowMs: RECV_WINDOW_MS };
    const request = { kind: "entry", ...order, ...shape, clientOrderId: `raw-${sent}` } as const;
    const submitted = await exchange.submitOrder(request, signing);
    if (submitted.phase !== "accepted") throw new Error(submitted.outcome.message);
    const fills = await exchange.fillsOf(order.symbol, submitted.order.orderId);
    if (!fills.ok) throw new Error(fills.outcome.message);
  });
  return (orders.length / elapsedMs) * 1000;
}
