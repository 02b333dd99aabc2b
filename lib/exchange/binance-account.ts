import { createHash } from "node:crypto";
import Big from "big.js";
import { z } from "zod";
import type { AccountFacts, Exchange, Position, Reading } from "./exchange.ts";
import { readReply, readRows } from "./read-reply.ts";
import { symbolParameter } from "./symbol-parameter.ts";
import { accountAliasSchema, hedgeModeSchema, markPriceSchema, positionSchema } from "./venue-replies.ts";
import type { VenueRequest, VenueTransport } from "./venue-transport.ts";

type AccountMethods = Pick<Exchange, "positions" | "premiumIndex"> & {
  readAccount(): Promise<Reading<AccountFacts>>;
};

const markListSchema = z.union([z.array(markPriceSchema), markPriceSchema.transform((mark) => [mark])]);

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
  const premiumIndex: Exchange["premiumIndex"] = (symbol) => {
    const query = symbolParameter(symbol);
    const request = read("/fapi/v1/premiumIndex", query, symbol === undefined ? 10 : 1);
    return ask({ ...request, security: "none" }, markListSchema);
  };

  return {
    premiumIndex,

    async positions(symbol) {
      const query = symbolParameter(symbol);
      const request = read("/fapi/v3/positionRisk", query, 5);
      const reading = readRows(request, await transport.send(request), positionSchema);
      const isOpen = ({ quantity }: Position) => !new Big(quantity).eq(0);
      if (reading.ok) return { ok: true, value: reading.value.filter(isOpen) };
      return { ...reading, sound: reading.sound?.filter(isOpen) };
    },

    async readAccount() {
      const [alias, hedge] = await Promise.all([
        ask(read("/fapi/v3/balance", "", 5), accountAliasSchema),
        ask(read("/fapi/v1/positionSide/dual", "", 30), hedgeModeSchema),
      ]);
      if (!alias.ok) return alias;
      if (!hedge.ok) return hedge;
      const fingerprint = fingerprintOf(alias.value);
      return { ok: true, value: { fingerprint, hedgeMode: hedge.value.dualSidePosition } };
    },
  };
}
