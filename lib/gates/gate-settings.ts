import { z } from "zod";

/** systemd hands a comment after the value over as part of it; the authors meant the value. */
const withoutComment = z.string().transform((raw) => raw.replace(/(?:^|\s)#.*$/, "").trim());

const decimal = (max: number) =>
  withoutComment
    .pipe(z.string().regex(/^\d{1,12}(?:\.\d{1,12})?$/, "must be a plain decimal number, such as 2.5"))
    .refine((text) => Number(text) <= max, `must be at most ${max}`);

const count = (max: number) =>
  withoutComment
    .pipe(z.string().regex(/^\d{1,9}$/, "must be a whole number, such as 3"))
    .transform(Number)
    .refine((value) => value <= max, `must be at most ${max}`);

/** The variables of core_gates.env. Decimals stay text: they are compared in decimal arithmetic. */
export const GATE_SETTINGS = {
  MIN_NOTIONAL_USD: decimal(1e9).default("25").describe("USD; smaller orders are held"),
  EDGE_MULTIPLIER: decimal(1000).default("3.0").describe("expected move must reach this many times friction"),
  MIN_HOLD_SECONDS: count(2_592_000).default(300).describe("s between trades of one symbol"),
  MAX_TRADES_10MIN: count(1_000_000).default(3).describe("trades in any 600 s, all symbols together"),
  MIN_R_TREND: decimal(1000).default("2.5").describe("least reward to risk in TREND"),
  MIN_R_RANGE: decimal(1000).default("1.8").describe("least reward to risk in RANGE, HIGH_VOL and LOW_VOL"),
  FRICTION_FEE_PCT: decimal(100).default("0.04").describe("% of notional lost to fees"),
  FRICTION_FUNDING_PCT: decimal(100).default("0.03").describe("% of notional lost to funding"),
  FRICTION_SLIPPAGE_PCT: decimal(100).default("0.05").describe("% of notional lost to slippage"),
  FRICTION_NOISE_PCT: decimal(100).default("0.10").describe("% of notional that is noise"),
  GATE_MODE: withoutComment
    .pipe(z.enum(["auto", "enforce", "audit"]))
    .default("auto")
    .describe("auto: PAPER and TESTNET enforce, LIVE audits"),
};

const gateSettingsSchema = z.strictObject(GATE_SETTINGS);
export type GateSettings = Readonly<z.infer<typeof gateSettingsSchema>>;
/** The limits alone: a gate does not know the mode. */
export type GateLimits = Omit<GateSettings, "GATE_MODE">;
