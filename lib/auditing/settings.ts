import type { Keys } from "../contract/keys.ts";
import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { pipelineSettings, resultStreamSetting } from "../daemon/settings-pipeline.ts";

/** What the audit logger is configured by, besides what every daemon is. */
export const auditSettings = {
  STALE_IDLE_MS: pipelineSettings.STALE_IDLE_MS,
  ...resultStreamSetting,
} as const;

export type AuditSettings = SettingsOf<typeof auditSettings>;

/** What is recorded. */
export function recordedStreams(settings: AuditSettings, keys: Keys): readonly string[] {
  return [
    ...[keys.panicStream, keys.panicCompletedStream, keys.faultStream],
    ...[settings.EXECUTION_RESULT_STREAM ?? keys.resultStream, keys.auditStream],
  ];
}
