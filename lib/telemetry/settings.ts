import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { shownLimitSettings, shownLimits } from "../daemon/settings-limits.ts";
import { integerSetting } from "../daemon/settings-number.ts";
import type { KernelLimits } from "./collector.ts";

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
  ...shownLimitSettings,
} as const;

export type TelemetrySettings = SettingsOf<typeof telemetrySettings>;

/** The limits that readings are shown against. */
export function kernelLimits(settings: TelemetrySettings): KernelLimits {
  return { ...shownLimits(settings), faultLookbackMax: settings.FAULT_LOOKBACK_MAX };
}
