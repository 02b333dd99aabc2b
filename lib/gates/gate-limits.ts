/** The limits of the six gates. A gate does not know the trading mode. Decimals are text. */
export interface GateLimits {
  /** USD. */
  readonly MIN_NOTIONAL_USD: string;
  readonly EDGE_MULTIPLIER: string;
  readonly MIN_HOLD_SECONDS: number;
  readonly MAX_TRADES_10MIN: number;
  readonly MIN_R_TREND: string;
  readonly MIN_R_RANGE: string;
  /** The parts of friction, percent of notional. */
  readonly FRICTION_FEE_PCT: string;
  readonly FRICTION_FUNDING_PCT: string;
  readonly FRICTION_SLIPPAGE_PCT: string;
  readonly FRICTION_NOISE_PCT: string;
}

/** The contract's numbers: what core_gates.env says when it says nothing. */
export const DEFAULT_GATE_LIMITS = {
  MIN_NOTIONAL_USD: "25",
  EDGE_MULTIPLIER: "3",
  MIN_HOLD_SECONDS: 300,
  MAX_TRADES_10MIN: 3,
  MIN_R_TREND: "2.5",
  MIN_R_RANGE: "1.8",
  FRICTION_FEE_PCT: "0.04",
  FRICTION_FUNDING_PCT: "0.03",
  FRICTION_SLIPPAGE_PCT: "0.05",
  FRICTION_NOISE_PCT: "0.1",
} as const satisfies GateLimits;

export const GATE_MODE_SETTINGS = ["auto", "enforce", "audit"] as const;
export type GateModeSetting = (typeof GATE_MODE_SETTINGS)[number];
