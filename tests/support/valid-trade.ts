/** Prices that the paper exchange is held at, so that a decision can be written down beforehand. */
export const HELD_PRICES = {
  BTCUSDT: "40000",
  ETHUSDT: "3500",
  SOLUSDT: "100",
  BNBUSDT: "500",
  XRPUSDT: "0.5",
} as const;

type Change = Readonly<Record<string, unknown>>;

/** The valid trade: ETHUSDT, 35 USD notional, R = 2.5, NHiTS in TREND; `change` replaces fields. */
export function validDecision(change: Change = {}): Record<string, unknown> {
  return {
    symbol: "ETHUSDT",
    side: "BUY",
    confidence: 0.8,
    entry_price: 3500,
    position_size_usd: 35,
    leverage: 5,
    stop_loss: 3430,
    take_profit: 3675,
    model: "NHiTS",
    regime: "TREND",
    timestamp: Date.now(),
    ...change,
  };
}

/** The same trade on a symbol that is held at its price. */
export function validOn(symbol: keyof typeof HELD_PRICES, change: Change = {}): Record<string, unknown> {
  const price = Number(HELD_PRICES[symbol]);
  const away = (part: number) => Number((price * (1 + part)).toPrecision(12));
  const minimum = symbol === "BTCUSDT" ? 400 : 35;
  const size = {
    entry_price: price,
    position_size_usd: minimum,
    stop_loss: away(-0.02),
    take_profit: away(0.05),
  };
  return validDecision({ symbol, ...size, ...change });
}

/** The intent that the router makes of the valid trade, for tests that write into the intent stream. */
export function validIntent(change: Change = {}): Record<string, unknown> {
  const intentId = crypto.randomUUID().replaceAll("-", "");
  const { side, timestamp, ...rest } = validDecision();
  const ids = { intent_id: intentId, correlation_id: `corr-${intentId}`, trace_id: `trace-${intentId}` };
  return { ...rest, ...ids, action: side, ts_ms: timestamp, reduce_only: false, ...change };
}
