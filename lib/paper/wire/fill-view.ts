import type { Fill } from "../engine/venue-order.ts";
import type { Income, VenueState } from "../engine/venue-state.ts";
import { averageText, moneyText, priceText, qtyText } from "../engine/wire-decimals.ts";
import { instrumentOf } from "./instrument-of.ts";

/** One row of GET /userTrades. */
export function fillReport(state: VenueState, fill: Fill) {
  const instrument = instrumentOf(state, fill.symbol);
  return {
    symbol: fill.symbol,
    id: fill.id,
    orderId: fill.orderId,
    side: fill.side,
    price: priceText(fill.price, instrument),
    qty: qtyText(fill.qty, instrument),
    realizedPnl: moneyText(fill.realisedPnl),
    quoteQty: averageText(fill.price.times(fill.qty), instrument),
    commission: moneyText(fill.commission),
    commissionAsset: "USDT",
    time: fill.timeMs,
    positionSide: fill.positionSide,
    buyer: fill.side === "BUY",
    maker: fill.maker,
  };
}

/** One row of GET /income. */
export function incomeReport(income: Income) {
  return {
    symbol: income.symbol,
    incomeType: income.incomeType,
    income: moneyText(income.income),
    asset: "USDT",
    info: income.tradeId === "" ? income.incomeType : income.tradeId,
    time: income.timeMs,
    tranId: income.tranId,
    tradeId: income.tradeId,
  };
}
