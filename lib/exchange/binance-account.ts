import { createHash } from "node:crypto";
import Big from "big.js";
import { z } from "zod";
import type { AccountFacts, Exchange, Reading } from "./exchange.ts";
import { readFills } from "./read-fills.ts";
import { readReply } from "./read-reply.ts";
import {
  balancesSchema,
  hedgeModeSchema,
  leverageSchema,
  listenKeySchema,
  markPriceSchema,
  positionSchema,
} from "./venue-replies.ts";
import type { VenueRequest, VenueTransport } from "./venue-transport.ts";

type AccountMethods = Pick<
  Exchange,
  "fillsOf" | "positions" | "setLeverage" | "premiumIndex" | "openListenKey" | "keepListenKey"
> & { readAccount(known: { hedgeMode: boolean } | undefined): Promise<Reading<AccountFacts>> };

const positionListSchema = z.array(positionSchema);
const markListSchema = z.union([z.array(markPriceSchema), markPriceSchema.transform((mark) => [mark])]);
const anythingSchema = z.unknown().transform(() => null);
const LISTEN_KEY = { path: "/fapi/v1/listenKey", query: "", security: "key" } as const;

/** 128 bits of the alias's hash: the alias itself names the account to anyone who reads Redis. */
const fingerprintOf = (alias: string): string =>
  createHash("sha256").update(`binance-usdm ${alias}`).digest("hex").slice(0, 32);

/** Account and market reads of the port, over a transport. */
export function createAccountMethods(transport: VenueTransport): AccountMethods {
  async function ask<Output>(request: VenueRequest, schema: z.ZodType<Output>): Promise<Reading<Output>> {
    return readReply(request, await transport.send(request), schema);
  }
  const read = (path: string, query: string, weight: number): VenueRequest => ({
    method: "GET",
    path,
    query,
    security: "signed",
    cost: { weight, orders: 0 },
  });
  const cost = { weight: 1, orders: 0 } as const;

  const premiumIndex: Exchange["premiumIndex"] = (symbol) => {
    const query = symbol === undefined ? "" : `symbol=${symbol}`;
    const request = read("/fapi/v1/premiumIndex", query, symbol === undefined ? 10 : 1);
    return ask({ ...request, security: "none" }, markListSchema);
  };

  async function priceUsdOf(asset: string): Promise<string | undefined> {
    const marks = await premiumIndex(`${asset}USDT`);
    return marks.ok ? marks.value[0]?.price : undefined;
  }

  return {
    premiumIndex,
    fillsOf: (symbol, orderId) => readFills(transport, { symbol, orderId }, priceUsdOf),

    async positions(symbol) {
      const query = symbol === undefined ? "" : `symbol=${symbol}`;
      const reading = await ask(read("/fapi/v3/positionRisk", query, 5), positionListSchema);
      if (!reading.ok) return reading;
      return { ok: true, value: reading.value.filter((position) => !new Big(position.quantity).eq(0)) };
    },

    async setLeverage(symbol, leverage) {
      const query = `symbol=${symbol}&leverage=${leverage}`;
      const path = "/fapi/v1/leverage";
      const reading = await ask({ method: "POST", path, query, security: "signed", cost }, leverageSchema);
      return reading.ok ? { ok: true, value: reading.value.leverage } : reading;
    },

    async openListenKey() {
      const reading = await ask({ ...LISTEN_KEY, method: "POST", cost }, listenKeySchema);
      return reading.ok ? { ok: true, value: reading.value.listenKey } : reading;
    },

    keepListenKey: () => ask({ ...LISTEN_KEY, method: "PUT", cost }, anythingSchema),

    async readAccount(known) {
      const [balances, hedge] = await Promise.all([
        ask(read("/fapi/v3/balance", "", 5), balancesSchema),
        known === undefined
          ? ask(read("/fapi/v1/positionSide/dual", "", 30), hedgeModeSchema)
          : ({ ok: true, value: { dualSidePosition: known.hedgeMode } } as const),
      ]);
      if (!balances.ok) return balances;
      if (!hedge.ok) return hedge;
      const fingerprint = fingerprintOf(balances.value[0].accountAlias);
      return { ok: true, value: { fingerprint, hedgeMode: hedge.value.dualSidePosition } };
    },
  };
}
