import Big from "big.js";
import type { DenyReason, HoldReason } from "../../contract/reasons.ts";

/** Prices that the throw-away venue is held at. */
export const PROOF_PRICES = { ETHUSDT: "3500", BTCUSDT: "40000", SOLUSDT: "100", BNBUSDT: "500" } as const;
type ProofSymbol = keyof typeof PROOF_PRICES;

/** One line of the proof table: the valid trade with one thing changed, and how it has to end. */
export interface GateRow {
  readonly what: string;
  /** What has to be traded just before. */
  readonly before: readonly ProofSymbol[];
  /** Fields of the valid trade that are replaced. */
  readonly change: Readonly<Record<string, unknown>>;
  readonly ends: "filled" | { readonly held: HoldReason } | { readonly denied: DenyReason };
}

/** Each gate held by itself alone: everything else about the trade is the valid one's. */
export const GATE_ROWS: readonly GateRow[] = [
  {
    what: "ETHUSDT, 35 USD, R = 2.5, NHiTS in TREND",
    ...{ before: [], change: {}, ends: "filled" },
  },
  {
    what: "24.99 USD notional",
    ...{ before: [], change: { position_size_usd: 24.99 }, ends: { held: "MIN_NOTIONAL" } },
  },
  {
    what: "a move of 0.2309 USD, under 3 x friction",
    ...{ before: [], change: { expected_move_usd: 0.2309 }, ends: { held: "EDGE_TOO_SMALL" } },
  },
  {
    what: "the symbol traded a moment ago",
    ...{ before: ["ETHUSDT"], change: {}, ends: { held: "COOLDOWN" } },
  },
  {
    what: "three trades in ten minutes",
    ...{ before: ["BTCUSDT", "SOLUSDT", "BNBUSDT"], change: {}, ends: { held: "RATE_LIMIT" } },
  },
  {
    what: "R = 2.486 in TREND",
    ...{ before: [], change: { take_profit: 3674 }, ends: { held: "R_TOO_LOW" } },
  },
  {
    what: "XGBoost in TREND",
    ...{ before: [], change: { model: "XGBoost" }, ends: { held: "MODEL_REGIME_MISMATCH" } },
  },
  {
    what: "a long's stop above its price",
    ...{ before: [], change: { stop_loss: 3570 }, ends: { denied: "STOP_WRONG_SIDE" } },
  },
];

/** The least notional that every symbol's lot allows, USD. */
const NOTIONAL_USD: Readonly<Record<ProofSymbol, number>> = {
  ETHUSDT: 35,
  BTCUSDT: 400,
  SOLUSDT: 35,
  BNBUSDT: 35,
};

/** The valid trade on a symbol, stamped now: stop 2 % away, target 5 %. */
export function validTrade(
  symbol: ProofSymbol,
  nowMs: number,
  change: GateRow["change"] = {},
): Readonly<Record<string, unknown>> {
  const price = new Big(PROOF_PRICES[symbol]);
  return {
    ...{
      symbol,
      side: "BUY",
      confidence: 0.8,
      leverage: 5,
      model: "NHiTS",
      regime: "TREND",
      timestamp: nowMs,
    },
    ...{ entry_price: price.toFixed(), position_size_usd: NOTIONAL_USD[symbol] },
    ...{ stop_loss: price.times("0.98").toFixed(), take_profit: price.times("1.05").toFixed() },
    ...change,
  };
}
