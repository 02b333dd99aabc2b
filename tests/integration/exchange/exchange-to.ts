import { systemClock } from "../../../lib/daemon/clock.ts";
import { createBinanceExchange } from "../../../lib/exchange/binance-exchange.ts";
import type { BinanceOptions } from "../../../lib/exchange/binance-venue.ts";
import type { Exchange, OrderRequest, Signing } from "../../../lib/exchange/exchange.ts";

/** An adapter to a paper exchange, as the daemons make it. */
export function exchangeTo(restUrl: string, changes: Partial<BinanceOptions> = {}): Exchange {
  return createBinanceExchange({
    mode: "PAPER",
    restUrl,
    apiKey: "paper",
    apiSecret: "paper",
    requestTimeoutMs: 2000,
    exitReservePct: 20,
    fetch,
    clock: systemClock,
    log: { debug: () => undefined, warn: () => undefined },
    ...changes,
  });
}

/** The same, connected; throws what kept it from it. */
export async function connectedTo(restUrl: string, changes: Partial<BinanceOptions> = {}): Promise<Exchange> {
  const exchange = exchangeTo(restUrl, changes);
  const reading = await exchange.connect();
  if (!reading.ok) throw new Error(JSON.stringify(reading.outcome));
  return exchange;
}

export const ENTRY: OrderRequest = {
  kind: "entry",
  symbol: "BTCUSDT",
  side: "BUY",
  positionSide: "BOTH",
  quantity: "0.01",
  reduceOnly: false,
  clientOrderId: "entry-1",
};

export const signNow = (exchange: Exchange): Signing => ({
  timestampMs: exchange.serverNowMs(),
  recvWindowMs: 2000,
});
