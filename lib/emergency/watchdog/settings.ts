import type { ConfigurationFault } from "../../daemon/configuration-fault.ts";
import type { SettingsOf } from "../../daemon/daemon-spec.ts";
import { haltSettings, panicSocketSettings } from "../../daemon/settings-emergency.ts";
import { credentialFaults, exchangeSettings } from "../../daemon/settings-exchange.ts";
import { integerSetting } from "../../daemon/settings-number.ts";
import { urlSetting } from "../../daemon/settings-secret.ts";
import { venueAddress } from "../../exchange/mode-hosts.ts";

/** What the watchdog is configured by, besides what every daemon is. */
export const watchdogSettings = {
  ...exchangeSettings,
  ...haltSettings,
  ...panicSocketSettings,
  EXIT_BRAIN_URL: urlSetting({
    schemes: ["http"],
    fallback: "http://127.0.0.1:8008",
    description: "The exit brain's admin address, asked for its health while Redis is lost.",
  }),
  REDIS_LOST_MAX_SEC: integerSetting({
    fallback: 60,
    min: 5,
    max: 3600,
    description: "Redis lost for longer with positions open is a panic, although the exit brain is healthy.",
  }),
} as const;

export type WatchdogSettings = SettingsOf<typeof watchdogSettings>;

/** Faults of settings that are each fine: addresses that do not fit the mode, a mode without credentials. */
export function watchdogSettingFaults(settings: Partial<WatchdogSettings>): readonly ConfigurationFault[] {
  const { TRADING_MODE: mode, EXCHANGE_REST_URL: restUrl, EXCHANGE_WS_URL: wsUrl } = settings;
  if (mode === undefined) return [];
  const { faults } = venueAddress({ mode, restUrl: restUrl?.reveal(), wsUrl: wsUrl?.reveal() });
  return [...faults, ...credentialFaults(settings)];
}
