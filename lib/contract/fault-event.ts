import { z } from "zod";

/** Why a fault event is written. */
export const FAULT_REASONS = [
  "GLOBAL_RATE_EXCEEDED",
  "SYMBOL_RATE_EXCEEDED",
  "SAFE_MODE_ENABLED",
  "FAIL_OPEN_ERROR",
] as const;

const count = z.string().regex(/^\d+$/).transform(Number);

/** An entry of the fault stream: thirteen fields always, `suppressed` on a summary of refusals. */
export const faultEventSchema = z.object({
  /** Epoch seconds. */
  timestamp: count,
  reason: z.enum(FAULT_REASONS),
  symbol: z.string(),
  side: z.string(),
  global_count: count,
  symbol_count: count,
  global_max: count,
  symbol_max: count,
  window_sec: count,
  cooldown_sec: count,
  router_pid: count,
  correlation_id: z.string(),
  trace_id: z.string(),
  /** How many refusals this event stands for, itself included. */
  suppressed: count.optional(),
});
export type FaultEvent = z.infer<typeof faultEventSchema>;
