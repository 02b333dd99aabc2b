import type { Instrument, QuantityLimits } from "../engine/instrument.ts";
import { CONDITIONAL_TYPES, PLAIN_TYPES } from "../engine/order-terms.ts";

/** One symbol of GET /exchangeInfo. */
export function symbolReport(instrument: Instrument) {
  const last = instrument.brackets[0];
  return {
    symbol: instrument.symbol,
    pair: instrument.symbol,
    contractType: "PERPETUAL",
    deliveryDate: 4_133_404_800_000,
    onboardDate: 1_569_398_400_000,
    status: "TRADING",
    maintMarginPercent: last?.maintMarginRatio.times(100).toFixed(4) ?? "2.5000",
    requiredMarginPercent: "5.0000",
    baseAsset: instrument.baseAsset,
    quoteAsset: "USDT",
    marginAsset: "USDT",
    pricePrecision: instrument.pricePrecision,
    quantityPrecision: instrument.quantityPrecision,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: "COIN",
    underlyingSubType: [],
    triggerProtect: "0.0500",
    liquidationFee: "0.012500",
    marketTakeBound: instrument.multiplierUp.minus(1).toFixed(2),
    maxMoveOrderLimit: 10_000,
    filters: filtersOf(instrument),
    orderTypes: [...PLAIN_TYPES, ...CONDITIONAL_TYPES],
    timeInForce: ["GTC", "IOC", "FOK", "GTX", "GTD"],
    permissionSets: ["GRID", "COPY"],
  };
}

function lot(filterType: "LOT_SIZE" | "MARKET_LOT_SIZE", limits: QuantityLimits) {
  return {
    filterType,
    minQty: limits.min.toFixed(),
    maxQty: limits.max.toFixed(),
    stepSize: limits.step.toFixed(),
  };
}

function filtersOf(instrument: Instrument) {
  const decimals = instrument.pricePrecision;
  return [
    {
      filterType: "PRICE_FILTER",
      minPrice: instrument.minPrice.toFixed(decimals),
      maxPrice: instrument.maxPrice.toFixed(decimals),
      tickSize: instrument.tickSize.toFixed(decimals),
    },
    lot("LOT_SIZE", instrument.limitLot),
    lot("MARKET_LOT_SIZE", instrument.marketLot),
    { filterType: "MAX_NUM_ORDERS", limit: instrument.maxOrders },
    { filterType: "MAX_NUM_ALGO_ORDERS", limit: instrument.maxAlgoOrders },
    { filterType: "MIN_NOTIONAL", notional: instrument.minNotional.toFixed() },
    {
      filterType: "PERCENT_PRICE",
      multiplierUp: instrument.multiplierUp.toFixed(4),
      multiplierDown: instrument.multiplierDown.toFixed(4),
      multiplierDecimal: "4",
    },
  ];
}

/** One row of GET /leverageBracket. */
export function bracketReport(instrument: Instrument) {
  return {
    symbol: instrument.symbol,
    notionalCoef: 1,
    brackets: instrument.brackets.map((row) => ({
      bracket: row.bracket,
      initialLeverage: row.initialLeverage,
      notionalCap: row.notionalCap.toNumber(),
      notionalFloor: row.notionalFloor.toNumber(),
      maintMarginRatio: row.maintMarginRatio.toNumber(),
      cum: row.cumulative.toNumber(),
    })),
  };
}
