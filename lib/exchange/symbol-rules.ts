/** A symbol's filters, as decimal text, from exchangeInfo; never assumed, since testnet's differ from live's. */
export interface SymbolRules {
  readonly symbol: string;
  /** TRADING, or a state in which entries are refused. */
  readonly status: string;
  readonly quoteAsset: string;
  readonly tickSize: string;
  readonly priceMin: string;
  readonly priceMax: string;
  readonly lot: QuantityRange;
  /** Limits of one market order, narrower than `lot`. */
  readonly marketLot: QuantityRange;
  /** USD; "0" when the symbol has no such filter. */
  readonly minNotionalUsd: string;
}

/** Quantities in base units; `step` "0" means any. */
export interface QuantityRange {
  readonly min: string;
  readonly max: string;
  readonly step: string;
}
