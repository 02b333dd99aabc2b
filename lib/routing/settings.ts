import type { ConfigurationFault } from "../daemon/configuration-fault.ts";
import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { DAILY_TRADES_MAX } from "../daemon/settings-limits.ts";
import { integerSetting, numberSetting, optionalIntegerSetting } from "../daemon/settings-number.ts";
import { pipelineSettings } from "../daemon/settings-pipeline.ts";
import { booleanSetting, choiceSetting } from "../daemon/settings-text.ts";
import type { AdmissionLimits } from "../kernel/admit.ts";
import type { DecisionBounds } from "./decide-admission.ts";

/** What the router is configured by, besides what every daemon is. */
export const routerSettings = {
  ...pipelineSettings,
  SAFETY_WINDOW_SEC: integerSetting({
    fallback: 10,
    min: 1,
    max: 3600,
    description: "Length of the rate window, seconds.",
  }),
  SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: integerSetting({
    fallback: 20,
    min: 1,
    max: 1_000_000,
    description: "Intents a window, all symbols together; one more trips safe mode.",
  }),
  SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: integerSetting({
    fallback: 5,
    min: 1,
    max: 1_000_000,
    description: "Intents a window of one symbol; one more trips safe mode.",
  }),
  SAFETY_FAULT_COOLDOWN_SEC: integerSetting({
    fallback: 300,
    min: 1,
    max: 86_400,
    description: "How long a trip keeps safe mode on, seconds; not under the window.",
  }),
  SAFETY_SAFE_MODE_DEFAULT: booleanSetting({
    fallback: false,
    description: "1 starts in safe mode if the key is absent.",
  }),
  SAFETY_WINDOW: choiceSetting({
    choices: ["sliding", "fixed"],
    fallback: "sliding",
    description:
      "`fixed` counts the current bucket alone, which lets twice the limit through across an edge.",
  }),
  SAFETY_ON_ERROR: choiceSetting({
    choices: ["open", "closed"],
    fallback: "open",
    description:
      "Rate counters unreadable: `open` lets the router's own limiter decide (N routers: N times the limit), " +
      "`closed` denies.",
  }),
  GOVERNOR_MAX_DAILY_TRADES: optionalIntegerSetting({
    min: 0,
    max: 1_000_000_000,
    description: "Accepted intents a UTC day. Default: 200; PAPER and TESTNET 1 000 000.",
  }),
  INTENT_BACKLOG_MAX: integerSetting({
    fallback: 1000,
    min: 0,
    max: 1_000_000,
    description: "With more intents than this unread or unacknowledged, the router refuses.",
  }),
  MIN_CONFIDENCE: numberSetting({
    fallback: 0.65,
    min: 0,
    max: 1,
    description: "Least confidence of an entry.",
  }),
  MAX_LEVERAGE: integerSetting({
    fallback: 20,
    min: 1,
    max: 125,
    description: "Highest leverage of an entry.",
  }),
} as const;

export type RouterSettings = SettingsOf<typeof routerSettings>;

/** The limits of every admission. */
export function admissionLimits(settings: RouterSettings, routerPid: number): AdmissionLimits {
  return {
    windowSec: settings.SAFETY_WINDOW_SEC,
    globalMax: settings.SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW,
    symbolMax: settings.SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW,
    cooldownSec: settings.SAFETY_FAULT_COOLDOWN_SEC,
    window: settings.SAFETY_WINDOW,
    dailyMax: settings.GOVERNOR_MAX_DAILY_TRADES ?? DAILY_TRADES_MAX[settings.TRADING_MODE],
    backlogMax: settings.INTENT_BACKLOG_MAX,
    routerPid,
  };
}

/** The bounds that a decision must keep. */
export function decisionBounds(settings: RouterSettings): DecisionBounds {
  return {
    ageMaxMs: settings.INTENT_MAX_AGE_SEC * 1000,
    confidenceMin: settings.MIN_CONFIDENCE,
    leverageMax: settings.MAX_LEVERAGE,
  };
}

/** Faults of settings that are each fine: a cooldown shorter than the window would re-open onto full counters. */
export function routerSettingFaults(settings: Partial<RouterSettings>): readonly ConfigurationFault[] {
  const { SAFETY_WINDOW_SEC: windowSec, SAFETY_FAULT_COOLDOWN_SEC: cooldownSec } = settings;
  if (windowSec === undefined || cooldownSec === undefined || cooldownSec >= windowSec) return [];
  return [
    {
      name: "SAFETY_FAULT_COOLDOWN_SEC",
      got: String(cooldownSec),
      expected: `at least SAFETY_WINDOW_SEC (${windowSec})`,
    },
  ];
}
