import { z } from "zod";
import { decimalTextSchema as decimal } from "../contract/decimal-text.ts";
import type { QuantityRange, SymbolRules } from "./symbol-rules.ts";

const symbolSchema = z.object({
  symbol: z.string(),
  status: z.string(),
  quoteAsset: z.string(),
  filters: z.array(z.looseObject({ filterType: z.string() })),
});
const priceSchema = z.object({ minPrice: decimal, maxPrice: decimal, tickSize: decimal });
const lotSchema = z
  .object({ minQty: decimal, maxQty: decimal, stepSize: decimal })
  .transform((lot): QuantityRange => ({ min: lot.minQty, max: lot.maxQty, step: lot.stepSize }));
const notionalSchema = z.object({ notional: decimal });

/**
 * A symbol's rules from exchangeInfo, or undefined when a filter that sizing needs is missing or any of
 * them is malformed: a filter that cannot be read must not count as one that does not exist.
 */
export function readSymbolRules(json: unknown): SymbolRules | undefined {
  const parsed = symbolSchema.safeParse(json);
  if (!parsed.success) return undefined;
  const { symbol, status, quoteAsset, filters } = parsed.data;
  const find = (type: string) => filters.find((filter) => filter.filterType === type);
  const price = priceSchema.safeParse(find("PRICE_FILTER"));
  const lot = lotSchema.safeParse(find("LOT_SIZE"));
  const marketLot = lotSchema.safeParse(find("MARKET_LOT_SIZE") ?? find("LOT_SIZE"));
  const minNotional = notionalSchema.safeParse(find("MIN_NOTIONAL") ?? { notional: "0" });
  if (!price.success || !lot.success || !marketLot.success || !minNotional.success) return undefined;
  return {
    symbol,
    status,
    quoteAsset,
    tickSize: price.data.tickSize,
    priceMin: price.data.minPrice,
    priceMax: price.data.maxPrice,
    lot: lot.data,
    marketLot: marketLot.data,
    minNotionalUsd: minNotional.data.notional,
  };
}
