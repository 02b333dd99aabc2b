import { z } from "zod";

/**
 * The hash `system:state:trading`. Whoever asks "may an entry be sent" asks the server-side function, which
 * reads `halted` alone; this shape is for those who write it and for those who show it.
 */
export const tradingStateSchema = z.object({
  halted: z.enum(["true", "false"]),
  reason: z.string().default(""),
  /** Who issued the panic. */
  source: z.string().default(""),
  event_id: z.string().default(""),
  /** Epoch ms of the halt. */
  ts: z.string().default("0"),
  positions_closed: z.string().default("0"),
  requires_manual_reset: z.string().default("true"),
  cleared_by: z.string().optional(),
  /** Epoch ms. */
  cleared_at: z.string().optional(),
});
export type TradingState = z.infer<typeof tradingStateSchema>;
