import { integerSetting } from "./settings-number.ts";

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
