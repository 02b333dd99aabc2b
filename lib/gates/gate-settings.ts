import { z } from "zod";

const decimal = (max: number) =>
  z
    .string()
    .regex(/^\d{1,12}(?:\.\d{1,12})?$/, `a plain decimal number up to ${max}, such as 2.5`)
    .refine((text) => Number(text) <= max, `a decimal number up to ${max}`);

const count = (max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number up to ${max}`)
    .transform(Number)
    .refine((value) => value <= max, `a whole number up to ${max}`);

/** The variables of core_gates.env. Decimals stay text: they are compared in decimal arithmetic. */
export const GATE_SETTINGS = {
  MIN_NOTIONAL_USD: decimal(1e9).default("25").describe("An order smaller than this is held, USD."),
  EDGE_MULTIPLIER: decimal(1000)
    .default("3.0")
    .describe("The expected move must be this many times friction."),
  MIN_HOLD_SECONDS: count(2_592_000).default(300).describe("Least time between trades of a symbol, seconds."),
  MAX_TRADES_10MIN: count(1_000_000).default(3).describe("Most trades in any 600 s, all symbols together."),
  MIN_R_TREND: decimal(1000).default("2.5").describe("Least reward to risk in TREND."),
  MIN_R_RANGE: decimal(1000).default("1.8").describe("Least reward to risk in RANGE, HIGH_VOL and LOW_VOL."),
  FRICTION_FEE_PCT: decimal(100).default("0.04").describe("Friction by fees, % of notional."),
  FRICTION_FUNDING_PCT: decimal(100).default("0.03").describe("Friction by funding, % of notional."),
  FRICTION_SLIPPAGE_PCT: decimal(100).default("0.05").describe("Friction by slippage, % of notional."),
  FRICTION_NOISE_PCT: decimal(100).default("0.10").describe("Friction by noise, % of notional."),
  GATE_MODE: z
    .enum(["auto", "enforce", "audit"], "auto, enforce or audit")
    .default("auto")
    .describe(
      "enforce holds, audit only says what it would have held; auto: LIVE audits, the others enforce.",
    ),
};

const gateSettingsSchema = z.strictObject(GATE_SETTINGS);
type GateSettings = Readonly<z.infer<typeof gateSettingsSchema>>;
export type GateModeSetting = GateSettings["GATE_MODE"];
/** The limits alone: a gate does not know the mode. */
export type GateLimits = Omit<GateSettings, "GATE_MODE">;
