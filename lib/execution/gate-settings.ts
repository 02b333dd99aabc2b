import { decimalSetting, integerSetting } from "../daemon/settings-number.ts";
import { choiceSetting } from "../daemon/settings-text.ts";
import { DEFAULT_GATE_LIMITS, GATE_MODE_SETTINGS } from "../gates/gate-limits.ts";

const ratio = (name: "EDGE_MULTIPLIER" | "MIN_R_TREND" | "MIN_R_RANGE", description: string) =>
  decimalSetting({ fallback: DEFAULT_GATE_LIMITS[name], min: "0", max: "1000", description });

const frictionPct = (part: "FEE" | "FUNDING" | "SLIPPAGE" | "NOISE") =>
  decimalSetting({
    fallback: DEFAULT_GATE_LIMITS[`FRICTION_${part}_PCT`],
    min: "0",
    max: "100",
    description: `Friction by ${part.toLowerCase()}, percent of notional.`,
  });

/** The variables of core_gates.env. */
export const gateSettings = {
  MIN_NOTIONAL_USD: decimalSetting({
    fallback: DEFAULT_GATE_LIMITS.MIN_NOTIONAL_USD,
    min: "0",
    max: "1000000000",
    description: "An order smaller than this is held, USD.",
  }),
  EDGE_MULTIPLIER: ratio("EDGE_MULTIPLIER", "The expected move must be this many times friction."),
  MIN_HOLD_SECONDS: integerSetting({
    fallback: DEFAULT_GATE_LIMITS.MIN_HOLD_SECONDS,
    min: 0,
    max: 2_592_000,
    description: "Least time between trades of a symbol, seconds.",
  }),
  MAX_TRADES_10MIN: integerSetting({
    fallback: DEFAULT_GATE_LIMITS.MAX_TRADES_10MIN,
    min: 0,
    max: 1_000_000,
    description: "Most trades in any 600 s, all symbols together.",
  }),
  MIN_R_TREND: ratio("MIN_R_TREND", "Least reward to risk in TREND."),
  MIN_R_RANGE: ratio("MIN_R_RANGE", "Least reward to risk in RANGE, HIGH_VOL and LOW_VOL."),
  FRICTION_FEE_PCT: frictionPct("FEE"),
  FRICTION_FUNDING_PCT: frictionPct("FUNDING"),
  FRICTION_SLIPPAGE_PCT: frictionPct("SLIPPAGE"),
  FRICTION_NOISE_PCT: frictionPct("NOISE"),
  GATE_MODE: choiceSetting({
    choices: GATE_MODE_SETTINGS,
    fallback: "auto",
    description:
      "enforce holds, audit only says what it would have held; auto: LIVE audits, the others enforce.",
  }),
} as const;
