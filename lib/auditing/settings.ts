import { type Keys, namedStream } from "../contract/keys.ts";
import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { pipelineSettings, resultStreamSetting } from "../daemon/settings-pipeline.ts";

/** What the audit logger is configured by, besides what every daemon is. */
export const auditSettings = {
  STALE_IDLE_MS: pipelineSettings.STALE_IDLE_MS,
  ...resultStreamSetting,
} as const;

export type AuditSettings = SettingsOf<typeof auditSettings>;

/** What is recorded. */
export function recordedStreams(
  settings: Pick<AuditSettings, keyof typeof resultStreamSetting>,
  keys: Keys,
): readonly string[] {
  const named = settings.EXECUTION_RESULT_STREAM;
  const results = named === undefined ? keys.resultStream : namedStream(keys, named);
  return [keys.panicStream, keys.panicCompletedStream, keys.faultStream, results, keys.auditStream];
}
