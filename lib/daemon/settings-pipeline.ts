import { type Keys, namedStream } from "../contract/keys.ts";
import type { SettingsOf } from "./daemon-spec.ts";
import { integerSetting } from "./settings-number.ts";
import { optionalTextSetting } from "./settings-text.ts";

const STREAM_NAME = { pattern: /^[A-Za-z0-9:._{}-]{1,128}$/, expected: "a stream's name" } as const;

/** Settings that more than one role of the pipeline reads: one default for all of them. */
export const pipelineSettings = {
  INTENT_MAX_AGE_SEC: integerSetting({
    fallback: 600,
    min: 1,
    max: 86_400,
    description: "A decision older than this never becomes an order, seconds.",
  }),
  STALE_IDLE_MS: integerSetting({
    fallback: 60_000,
    min: 1000,
    max: 86_400_000,
    description: "A pending entry that nobody touched for longer belongs to a dead consumer, ms.",
  }),
} as const;

/** For those who put entries aside. */
export const deadLetterSettings = {
  DELIVERIES_MAX: integerSetting({
    fallback: 5,
    min: 1,
    max: 1000,
    description: "Failures of the handler after which an entry becomes a dead letter.",
  }),
} as const;

/** For those who write results and those who read them. */
export const resultStreamSetting = {
  EXECUTION_RESULT_STREAM: optionalTextSetting({
    ...STREAM_NAME,
    description: "Stream of the results, within QUANTUM_NAMESPACE. Default: quantum:stream:execution.result.",
  }),
} as const;

/** For those who write results. */
export const resultStreamSettings = {
  ...resultStreamSetting,
  EXECUTION_RESULT_STREAM_LEGACY: optionalTextSetting({
    ...STREAM_NAME,
    description:
      "The same results once more, for readers of the earlier system; within QUANTUM_NAMESPACE, too. Default: not written.",
  }),
} as const;

/** Where results go. */
export function resultStreams(
  settings: Pick<SettingsOf<typeof resultStreamSettings>, keyof typeof resultStreamSettings>,
  keys: Keys,
): { readonly canonical: string; readonly legacy: string | undefined } {
  const { EXECUTION_RESULT_STREAM: canonical, EXECUTION_RESULT_STREAM_LEGACY: legacy } = settings;
  return {
    canonical: canonical === undefined ? keys.resultStream : namedStream(keys, canonical),
    legacy: legacy === undefined ? undefined : namedStream(keys, legacy),
  };
}
