import { z } from "zod";
import type { Fills, Reading } from "./exchange.ts";
import { readReply } from "./read-reply.ts";
import type { RequestKind } from "./request-budget.ts";
import { feeAssetsToPrice, summariseFills } from "./summarise-fills.ts";
import { symbolParameter } from "./symbol-parameter.ts";
import { type VenueTrade, venueTradeSchema } from "./venue-replies.ts";
import type { VenueRequest, VenueTransport } from "./venue-transport.ts";

/** The venue's largest page of trades, and how many pages of one order are read at most. */
const PAGE = 1000;
const PAGES_MAX = 20;
const tradeListSchema = z.array(venueTradeSchema);

/**
 * The trades of one order, summed up. `priceUsdOf` is asked once for each fee asset that is no dollar; an
 * asset it cannot price is named in the result, never counted as zero in silence.
 */
export async function readFills(
  transport: VenueTransport,
  order: { readonly symbol: string; readonly orderId: string; readonly kind?: RequestKind },
  priceUsdOf: (asset: string) => Promise<string | undefined>,
): Promise<Reading<Fills>> {
  const trades: VenueTrade[] = [];
  let from = "";
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const request: VenueRequest = {
      method: "GET",
      path: "/fapi/v1/userTrades",
      query: `${symbolParameter(order.symbol)}&orderId=${order.orderId}&limit=${PAGE}${from}`,
      security: "signed",
      cost: { weight: 5, orders: 0 },
      kind: order.kind ?? "exit",
    };
    const reading = readReply(request, await transport.send(request), tradeListSchema);
    if (!reading.ok) return reading;
    trades.push(...reading.value.filter((trade) => trade.orderId === order.orderId));
    const last = reading.value.at(-1);
    if (last === undefined || reading.value.length < PAGE) break;
    from = `&fromId=${BigInt(last.id) + 1n}`;
  }
  const prices = new Map<string, string | undefined>();
  for (const asset of feeAssetsToPrice(trades)) prices.set(asset, await priceUsdOf(asset));
  return { ok: true, value: summariseFills(trades, (asset) => prices.get(asset)) };
}
