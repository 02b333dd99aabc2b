import { z } from "zod";
import { decimalTextSchema as decimal } from "../contract/decimal-text.ts";
import {
  type AlgoOrder,
  type MarkPrice,
  ORDER_STATUSES,
  type Position,
  type RestingOrder,
  type VenueOrder,
} from "./exchange.ts";
import type { RateLimit } from "./request-budget.ts";

/** Ids are text: the venue's exceed 2^53. */
const id = z.union([z.string(), z.number().int()]).transform(String);
const side = z.enum(["BUY", "SELL"]);
const positionSide = z.enum(["BOTH", "LONG", "SHORT"]);
const epochMs = z.number().int().nonnegative();

/** Zero and "" are how the venue writes "none". */
const priceOrNull = z
  .union([z.literal("").transform(() => null), decimal])
  .nullish()
  .transform((text) => (text === undefined || text === null || text === "0" ? null : text));

/** Of no concern for closing or cancelling: what is none spoils nothing. */
const spare = priceOrNull.catch(null);

/** The venue gives a resting order more statuses and fields than it documents. */
export const restingOrderSchema = z
  .object({ symbol: z.string().min(1) })
  .transform(({ symbol }): RestingOrder => ({ symbol }));

const orderSchema = z.object({
  symbol: z.string(),
  orderId: id,
  clientOrderId: z.string(),
  status: z.enum(ORDER_STATUSES),
  side,
  positionSide,
  reduceOnly: z.boolean(),
  origQty: decimal,
  executedQty: decimal,
  avgPrice: priceOrNull,
  updateTime: epochMs,
});

export const venueOrderSchema = orderSchema.transform(
  (order): VenueOrder => ({
    symbol: order.symbol,
    orderId: order.orderId,
    clientOrderId: order.clientOrderId,
    status: order.status,
    side: order.side,
    positionSide: order.positionSide,
    reduceOnly: order.reduceOnly,
    originalQuantity: order.origQty,
    executedQuantity: order.executedQty,
    averagePrice: order.avgPrice,
    updateTimeMs: order.updateTime,
  }),
);

export const algoOrderSchema = z
  .object({
    symbol: z.string(),
    algoId: id,
    clientAlgoId: z.string(),
    algoStatus: z.string(),
    orderType: z.string(),
    side,
    positionSide,
    triggerPrice: spare,
    quantity: spare,
    closePosition: z.boolean(),
    reduceOnly: z.boolean(),
  })
  .transform(({ algoStatus, ...order }): AlgoOrder => ({ ...order, status: algoStatus }));

export const positionSchema = z
  .object({
    symbol: z.string(),
    positionSide,
    positionAmt: decimal,
    entryPrice: decimal.catch("0"),
    markPrice: spare,
    unRealizedProfit: decimal.nullable().catch(null),
    updateTime: epochMs.catch(0),
  })
  .transform(
    (position): Position => ({
      symbol: position.symbol,
      positionSide: position.positionSide,
      quantity: position.positionAmt,
      entryPrice: position.entryPrice,
      markPrice: position.markPrice,
      unrealisedPnlUsd: position.unRealizedProfit,
      updateTimeMs: position.updateTime,
    }),
  );

export const venueTradeSchema = z.object({
  symbol: z.string(),
  id,
  orderId: id,
  price: decimal,
  qty: decimal,
  quoteQty: decimal,
  realizedPnl: decimal,
  commission: decimal,
  commissionAsset: z.string(),
  time: epochMs,
});
export type VenueTrade = z.infer<typeof venueTradeSchema>;

export const markPriceSchema = z
  .object({ symbol: z.string(), markPrice: decimal, time: epochMs })
  .transform((mark): MarkPrice => ({ symbol: mark.symbol, price: mark.markPrice, eventMs: mark.time }));

export const serverTimeSchema = z.object({ serverTime: epochMs });
export const leverageSchema = z.object({ leverage: z.number().int() });
export const hedgeModeSchema = z.object({ dualSidePosition: z.boolean() });
export const listenKeySchema = z.object({ listenKey: z.string().min(1) });
/** Of any asset: they all name the same account. Not as a tuple: that is 3 kB of zod which nobody else here needs. */
export const accountAliasSchema = z
  .array(z.object({ accountAlias: z.string().min(1) }))
  .min(1)
  .transform((balances) => balances[0]?.accountAlias ?? "");

const UNIT_MS: Readonly<Record<string, number>> = {
  SECOND: 1000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

const rateLimitSchema = z
  .object({
    rateLimitType: z.string(),
    interval: z.string(),
    intervalNum: z.number().int().positive(),
    limit: z.number().int().positive(),
  })
  .transform(({ rateLimitType, interval, intervalNum, limit: max }): RateLimit | null => {
    const unitMs = UNIT_MS[interval];
    if (unitMs === undefined) return null;
    const window = { intervalMs: unitMs * intervalNum, max };
    const suffix = `${intervalNum}${interval.charAt(0).toLowerCase()}`;
    if (rateLimitType === "REQUEST_WEIGHT")
      return { ...window, counts: "weight", header: `x-mbx-used-weight-${suffix}` };
    if (rateLimitType === "ORDERS")
      return { ...window, counts: "orders", header: `x-mbx-order-count-${suffix}` };
    return null;
  });

/** Symbols are read one by one afterwards: one that we do not understand must not hide the others. */
export const exchangeInfoSchema = z.object({
  rateLimits: z.array(rateLimitSchema).transform((limits) => limits.filter((limit) => limit !== null)),
  symbols: z.array(z.unknown()).min(1),
});
