import { type Keys, namedStream } from "../contract/keys.ts";
import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { integerSetting } from "../daemon/settings-number.ts";
import { pipelineSettings, resultStreamSettings } from "../daemon/settings-pipeline.ts";
import { booleanSetting } from "../daemon/settings-text.ts";
import type { ResultStreams } from "../kernel/settle-order.ts";

/** What the stream recovery is configured by, besides what every role is. */
export const recoverySettings = {
  STALE_IDLE_MS: pipelineSettings.STALE_IDLE_MS,
  ZOMBIE_IDLE_MS: integerSetting({
    fallback: 3_600_000,
    min: 1000,
    max: 2_592_000_000,
    description: "A consumer without pending entries that was idle for longer is deleted, ms.",
  }),
  DELIVERIES_MAX: integerSetting({
    fallback: 5,
    min: 1,
    max: 1000,
    description: "Failures of the handler after which an entry becomes a dead letter.",
  }),
  RECOVER_IN_LIVE: booleanSetting({
    fallback: false,
    description: "1 lets stream recovery claim, put aside and delete in LIVE, too.",
  }),
  ...resultStreamSettings,
} as const;

export type RecoverySettings = SettingsOf<typeof recoverySettings>;

/** Where the results of entries that are put aside go. */
export function recoveryResultStreams(
  settings: Pick<RecoverySettings, keyof typeof resultStreamSettings>,
  keys: Keys,
): ResultStreams {
  const { EXECUTION_RESULT_STREAM: canonical, EXECUTION_RESULT_STREAM_LEGACY: legacy } = settings;
  return {
    canonical: canonical === undefined ? keys.resultStream : namedStream(keys, canonical),
    legacy: legacy === undefined ? undefined : namedStream(keys, legacy),
  };
}
