import type { ConfigurationFault } from "../daemon/configuration-fault.ts";
import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { haltSettings } from "../daemon/settings-emergency.ts";
import { credentialFaults, exchangeSettings } from "../daemon/settings-exchange.ts";
import { decimalSetting, integerSetting } from "../daemon/settings-number.ts";
import { deadLetterSettings, pipelineSettings, resultStreamSettings } from "../daemon/settings-pipeline.ts";
import { positionSettings } from "../daemon/settings-positions.ts";
import { venueAddress } from "../exchange/mode-hosts.ts";
import { decideGateMode } from "../gates/decide-profit-gates.ts";
import type { EntryRules } from "./entry-rules.ts";
import { gateSettings } from "./gate-settings.ts";

/** What execution is configured by, besides what every daemon and the exchange adapter are. */
export const executionSettings = {
  ...pipelineSettings,
  ...exchangeSettings,
  ...gateSettings,
  ...haltSettings,
  ...positionSettings,
  MAX_LEVERAGE: integerSetting({
    fallback: 20,
    min: 1,
    max: 125,
    description: "Highest leverage of an entry.",
  }),
  PRICE_COLLAR_PCT: decimalSetting({
    fallback: "5",
    min: "0.01",
    max: "100",
    description: "An entry's price may be this far from the mark, percent.",
  }),
  ...deadLetterSettings,
  ENTRIES_IN_FLIGHT_MAX: integerSetting({
    fallback: 32,
    min: 1,
    max: 1000,
    description: "Entries in work at the same time; exits have their own lane.",
  }),
  ...resultStreamSettings,
} as const;

export type ExecutionSettings = SettingsOf<typeof executionSettings>;

/** The limits of every entry. */
export function entryRules(settings: ExecutionSettings): EntryRules {
  return {
    ageMaxMs: settings.INTENT_MAX_AGE_SEC * 1000,
    holdMinMs: settings.MIN_HOLD_SECONDS * 1000,
    tradesMax: settings.MAX_TRADES_10MIN,
    gates: decideGateMode(settings.TRADING_MODE, settings.GATE_MODE),
    gateLimits: settings,
    priceCollarPct: settings.PRICE_COLLAR_PCT,
    leverageMax: settings.MAX_LEVERAGE,
    failuresMax: settings.DELIVERIES_MAX,
    planHoldMaxSec: settings.DEFAULT_MAX_HOLD_SEC,
    protectiveStop: settings.PROTECTIVE_STOP,
  };
}

/** Faults of settings that are each fine: addresses that do not fit the mode, a mode without credentials. */
export function executionSettingFaults(settings: Partial<ExecutionSettings>): readonly ConfigurationFault[] {
  const { TRADING_MODE: mode, EXCHANGE_REST_URL: restUrl, EXCHANGE_WS_URL: wsUrl } = settings;
  if (mode === undefined) return [];
  const { faults } = venueAddress({ mode, restUrl: restUrl?.reveal(), wsUrl: wsUrl?.reveal() });
  return [...faults, ...credentialFaults(settings)];
}
