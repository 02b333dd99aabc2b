import type { TradingMode } from "../contract/trading-mode.ts";
import { integerSetting, optionalIntegerSetting } from "./settings-number.ts";

/** Where no maximum is set. PAPER and TESTNET are practically unlimited: nothing real is at stake there. */
export const DAILY_TRADES_MAX = { PAPER: 1_000_000, TESTNET: 1_000_000, LIVE: 200 } as const satisfies Record<
  TradingMode,
  number
>;

/** The router's limits, for those who show them beside what is used of them; they enforce nothing. */
export const shownLimitSettings = {
  SAFETY_WINDOW_SEC: integerSetting({
    fallback: 10,
    min: 1,
    max: 3600,
    description: "The router's rate window, seconds: which bucket is read.",
  }),
  SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: integerSetting({
    fallback: 20,
    min: 1,
    max: 1_000_000,
    description: "The router's limit, shown beside the rate.",
  }),
  SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: integerSetting({
    fallback: 5,
    min: 1,
    max: 1_000_000,
    description: "The router's limit a symbol, shown beside the rates.",
  }),
  INTENT_BACKLOG_MAX: integerSetting({
    fallback: 1000,
    min: 0,
    max: 1_000_000,
    description: "The router's limit, shown beside the backlog.",
  }),
  GOVERNOR_MAX_DAILY_TRADES: optionalIntegerSetting({
    min: 0,
    max: 1_000_000_000,
    description:
      "The router's limit, shown beside the day's trades. Default: 200; PAPER and TESTNET 1 000 000.",
  }),
} as const;

/** Limits as they are shown. */
export interface ShownLimits {
  readonly windowSec: number;
  readonly globalMax: number;
  readonly symbolMax: number;
  readonly dailyMax: number;
  readonly backlogMax: number;
}

/** The settings under the names of the kernel; the daily maximum depends on the mode where it is not set. */
export function shownLimits(settings: {
  readonly TRADING_MODE: TradingMode;
  readonly SAFETY_WINDOW_SEC: number;
  readonly SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: number;
  readonly SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: number;
  readonly INTENT_BACKLOG_MAX: number;
  readonly GOVERNOR_MAX_DAILY_TRADES?: number | undefined;
}): ShownLimits {
  return {
    windowSec: settings.SAFETY_WINDOW_SEC,
    globalMax: settings.SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW,
    symbolMax: settings.SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW,
    dailyMax: settings.GOVERNOR_MAX_DAILY_TRADES ?? DAILY_TRADES_MAX[settings.TRADING_MODE],
    backlogMax: settings.INTENT_BACKLOG_MAX,
  };
}
