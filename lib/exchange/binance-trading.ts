import type { z } from "zod";
import type { Exchange, Reading } from "./exchange.ts";
import { readFills } from "./read-fills.ts";
import { readReply } from "./read-reply.ts";
import { symbolParameter } from "./symbol-parameter.ts";
import { leverageSchema, listenKeySchema } from "./venue-replies.ts";
import type { VenueRequest, VenueTransport } from "./venue-transport.ts";

/** What only a role needs that trades: what an order did, leverage, the account's stream. */
export type TradingMethods = Pick<Exchange, "fillsOf" | "setLeverage" | "openListenKey">;

const LISTEN_KEY = { path: "/fapi/v1/listenKey", query: "", security: "key" } as const;
const cost = { weight: 1, orders: 0 } as const;

/** These methods of the port, over a transport. */
export function createTradingMethods(
  transport: VenueTransport,
  premiumIndex: Exchange["premiumIndex"],
): TradingMethods {
  async function ask<Output>(request: VenueRequest, schema: z.ZodType<Output>): Promise<Reading<Output>> {
    return readReply(request, await transport.send(request), schema);
  }

  async function priceUsdOf(asset: string): Promise<string | undefined> {
    const marks = await premiumIndex(`${asset}USDT`);
    return marks.ok ? marks.value[0]?.price : undefined;
  }

  return {
    fillsOf: (symbol, orderId, kind = "exit") => readFills(transport, { symbol, orderId, kind }, priceUsdOf),

    async setLeverage(symbol, leverage) {
      const query = `${symbolParameter(symbol)}&leverage=${leverage}`;
      const path = "/fapi/v1/leverage";
      const kind = "entry";
      const request: VenueRequest = { method: "POST", path, query, security: "signed", cost, kind };
      const reading = await ask(request, leverageSchema);
      return reading.ok ? { ok: true, value: reading.value.leverage } : reading;
    },

    async openListenKey() {
      const reading = await ask({ ...LISTEN_KEY, method: "POST", cost }, listenKeySchema);
      return reading.ok ? { ok: true, value: reading.value.listenKey } : reading;
    },
  };
}
