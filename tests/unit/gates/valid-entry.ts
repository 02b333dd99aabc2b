import { DEFAULT_GATE_LIMITS, type GateLimits } from "../../../lib/gates/gate-limits.ts";
import type { GateInput } from "../../../lib/gates/profit-gate.ts";

/** The contract's defaults, open to be changed one at a time. */
export const DEFAULT_LIMITS: GateLimits = DEFAULT_GATE_LIMITS;

/** The valid trade of the proof table: ETHUSDT, 35 USD notional, R = 2.5, NHiTS in TREND. */
export const VALID_ENTRY: GateInput = {
  price: "3500",
  quantity: "0.01",
  stopLoss: "3430",
  takeProfit: "3675",
  expectedMoveUsd: null,
  model: "NHiTS",
  regime: "TREND",
  nowMs: 1_700_000_000_000,
  lastTradeMs: null,
  tradesLast10Min: 0,
  limits: DEFAULT_LIMITS,
};
