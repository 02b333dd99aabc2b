import type Big from "big.js";

/** One row of the venue's leverage table: up to `notionalCap` USD at most `initialLeverage`. */
export interface LeverageBracket {
  readonly bracket: number;
  readonly initialLeverage: number;
  readonly notionalFloor: Big;
  readonly notionalCap: Big;
  readonly maintMarginRatio: Big;
  /** Makes the maintenance margin continuous across brackets: margin = notional × ratio − cumulative. */
  readonly cumulative: Big;
}

export interface QuantityLimits {
  readonly min: Big;
  readonly max: Big;
  readonly step: Big;
}

/** A perpetual contract and the filters its orders must pass. Money in USDT, quantities in base units. */
export interface Instrument {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly pricePrecision: number;
  readonly quantityPrecision: number;
  readonly tickSize: Big;
  readonly minPrice: Big;
  readonly maxPrice: Big;
  readonly limitLot: QuantityLimits;
  readonly marketLot: QuantityLimits;
  readonly minNotional: Big;
  readonly multiplierUp: Big;
  readonly multiplierDown: Big;
  readonly maxOrders: number;
  readonly maxAlgoOrders: number;
  /** Where the generated market starts. */
  readonly startPrice: Big;
  readonly brackets: readonly LeverageBracket[];
}
