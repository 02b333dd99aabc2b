import { z } from "zod";

/** Where orders go. There is no default: a process that does not know its mode must not start. */
export const TRADING_MODES = ["PAPER", "TESTNET", "LIVE"] as const;
export const tradingModeSchema = z.enum(TRADING_MODES);
export type TradingMode = z.infer<typeof tradingModeSchema>;
