import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { integerSetting } from "../daemon/settings-number.ts";
import { deadLetterSettings, pipelineSettings, resultStreamSettings } from "../daemon/settings-pipeline.ts";
import { booleanSetting } from "../daemon/settings-text.ts";

/** What the stream recovery is configured by, besides what every role is. */
export const recoverySettings = {
  STALE_IDLE_MS: pipelineSettings.STALE_IDLE_MS,
  ZOMBIE_IDLE_MS: integerSetting({
    fallback: 3_600_000,
    min: 1000,
    max: 2_592_000_000,
    description: "A consumer without pending entries that was idle for longer is deleted, ms.",
  }),
  ...deadLetterSettings,
  RECOVER_IN_LIVE: booleanSetting({
    fallback: false,
    description: "1 lets stream recovery claim, put aside and delete in LIVE, too.",
  }),
  ...resultStreamSettings,
} as const;

export type RecoverySettings = SettingsOf<typeof recoverySettings>;
