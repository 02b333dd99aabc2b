import { z } from "zod";
import { countTextSchema } from "./count-text.ts";

/** Why a fault event is written. */
export const FAULT_REASONS = [
  "GLOBAL_RATE_EXCEEDED",
  "SYMBOL_RATE_EXCEEDED",
  "SAFE_MODE_ENABLED",
  "FAIL_OPEN_ERROR",
] as const;

/** An entry of the fault stream: thirteen fields always, `suppressed` on a summary of refusals. */
export const faultEventSchema = z.object({
  /** Epoch seconds. */
  timestamp: countTextSchema,
  reason: z.enum(FAULT_REASONS),
  symbol: z.string(),
  side: z.string(),
  global_count: countTextSchema,
  symbol_count: countTextSchema,
  global_max: countTextSchema,
  symbol_max: countTextSchema,
  window_sec: countTextSchema,
  cooldown_sec: countTextSchema,
  router_pid: countTextSchema,
  correlation_id: z.string(),
  trace_id: z.string(),
  /** How many refusals this event stands for, itself included. */
  suppressed: countTextSchema.optional(),
});
export type FaultEvent = z.infer<typeof faultEventSchema>;
