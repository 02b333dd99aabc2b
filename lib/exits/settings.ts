import type { ConfigurationFault } from "../daemon/configuration-fault.ts";
import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { credentialFaults, exchangeSettings } from "../daemon/settings-exchange.ts";
import { decimalSetting, integerSetting } from "../daemon/settings-number.ts";
import { positionSettings } from "../daemon/settings-positions.ts";
import { venueAddress } from "../exchange/mode-hosts.ts";
import { DEFAULT_GATE_LIMITS } from "../gates/gate-limits.ts";
import type { ExitBrainRules } from "./exit-brain-parts.ts";

/** What the exit brain is configured by, besides what every daemon and the exchange adapter are. */
export const exitBrainSettings = {
  ...exchangeSettings,
  ...positionSettings,
  EXIT_CONFIRM_MS: integerSetting({
    fallback: 2000,
    min: 100,
    max: 60_000,
    description: "An exit without a fill or a smaller position after this long degrades the exit brain, ms.",
  }),
  ADOPT_GRACE_MS: integerSetting({
    fallback: 3000,
    min: 0,
    max: 10_000,
    description:
      "How long a new position without a stop waits for the plan of its entry before it gets the default plan, ms.",
  }),
  PROTECTIVE_STOP_STEP_PCT: decimalSetting({
    fallback: "0.25",
    min: "0.01",
    max: "10",
    description:
      "The resting stop follows a trailing stop once it is this much tighter, percent of the mark.",
  }),
  MIN_HOLD_SECONDS: integerSetting({
    fallback: DEFAULT_GATE_LIMITS.MIN_HOLD_SECONDS,
    min: 0,
    max: 2_592_000,
    description: "Least time between trades of a symbol, seconds: so long a close is remembered.",
  }),
} as const;

export type ExitBrainSettings = SettingsOf<typeof exitBrainSettings>;

/** Faults of settings that are each fine: addresses that do not fit the mode, a mode without credentials. */
export function exitBrainSettingFaults(settings: Partial<ExitBrainSettings>): readonly ConfigurationFault[] {
  const { TRADING_MODE: mode, EXCHANGE_REST_URL: restUrl, EXCHANGE_WS_URL: wsUrl } = settings;
  if (mode === undefined) return [];
  const { faults } = venueAddress({ mode, restUrl: restUrl?.reveal(), wsUrl: wsUrl?.reveal() });
  return [...faults, ...credentialFaults(settings)];
}

/** What the rules and the loop go by. */
export function exitRules(settings: ExitBrainSettings): ExitBrainRules {
  return {
    defaults: {
      stopPct: settings.DEFAULT_STOP_PCT,
      targetPct: settings.DEFAULT_TARGET_PCT,
      maxHoldSec: settings.DEFAULT_MAX_HOLD_SEC,
    },
    graceMs: settings.ADOPT_GRACE_MS,
    confirmMs: settings.EXIT_CONFIRM_MS,
    holdMinMs: settings.MIN_HOLD_SECONDS * 1000,
    protectiveStops: settings.PROTECTIVE_STOP === "exchange",
    stopStepPct: settings.PROTECTIVE_STOP_STEP_PCT,
    recvWindowMs: settings.RECV_WINDOW_MS,
  };
}
