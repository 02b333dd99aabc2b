import { z } from "zod";
import { fetchJson } from "./fetch-json.ts";

const premiumIndexSchema = z.array(z.looseObject({ symbol: z.string(), markPrice: z.string() }));

/** Mark prices of every symbol, as the venue has them now. */
export async function readPrices(venueUrl: string): Promise<ReadonlyMap<string, string>> {
  const prices = premiumIndexSchema.parse(await fetchJson(`${venueUrl}/fapi/v1/premiumIndex`));
  return new Map(prices.map((one) => [one.symbol, one.markPrice]));
}
