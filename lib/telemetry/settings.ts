import type { TradingMode } from "../contract/trading-mode.ts";
import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { integerSetting } from "../daemon/settings-number.ts";
import type { KernelLimits } from "./collector.ts";

/** As the router has them. */
const DAILY_TRADES_MAX = { PAPER: 1_000_000, TESTNET: 1_000_000, LIVE: 200 } as const satisfies Record<
  TradingMode,
  number
>;

/** What the exporter is configured by, besides what every daemon is; the limits are shown, not enforced. */
export const telemetrySettings = {
  SAMPLE_INTERVAL_SEC: integerSetting({
    fallback: 15,
    min: 1,
    max: 300,
    description: "How often Redis is read, seconds; once a second while somebody watches the status page.",
  }),
  FAULT_LOOKBACK_MAX: integerSetting({
    fallback: 2000,
    min: 1,
    max: 10_000,
    description: "Fault events read for the count of the last hour; more than that show as this number.",
  }),
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
  GOVERNOR_MAX_DAILY_TRADES: integerSetting({
    min: 0,
    max: 1_000_000_000,
    description:
      "The router's limit, shown beside the day's trades. Default: 200; PAPER and TESTNET 1 000 000.",
  }).optional(),
} as const;

export type TelemetrySettings = SettingsOf<typeof telemetrySettings>;

/** The limits that readings are shown against. */
export function kernelLimits(settings: TelemetrySettings): KernelLimits {
  return {
    windowSec: settings.SAFETY_WINDOW_SEC,
    globalMax: settings.SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW,
    symbolMax: settings.SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW,
    dailyMax: settings.GOVERNOR_MAX_DAILY_TRADES ?? DAILY_TRADES_MAX[settings.TRADING_MODE],
    backlogMax: settings.INTENT_BACKLOG_MAX,
    faultLookbackMax: settings.FAULT_LOOKBACK_MAX,
  };
}
