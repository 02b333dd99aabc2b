import { z } from "zod";

/**
 * The hash `system:state:trading`. Whoever asks "may an entry be sent" asks the server-side function, which
 * reads `halted`, `cleared_at` and `ts` alone; this shape is for those who write it and for those who show it.
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
  /** The panic stream's newest id at the last clearing, which later halts leave standing. */
  cleared_through: z.string().optional(),
});
export type TradingState = z.infer<typeof tradingStateSchema>;

/**
 * The fields by which an operator clears the halt. `through`: the panic stream's newest id, read before they are
 * written, so that a panic which comes between the two is not answered by this clearing.
 */
export function clearedHalt(by: { readonly who: string; readonly atMs: number; readonly through: string }) {
  return {
    ...{ halted: "false", cleared_by: by.who, cleared_at: String(by.atMs) },
    cleared_through: by.through,
  } as const satisfies Partial<TradingState>;
}

/** `cleared_through` as an id of the panic stream; undefined when it is none: no clearing is known, every panic stands. */
export function clearedThroughOf(field: string | undefined): string | undefined {
  return field !== undefined && /^\d+-\d+$/.test(field) ? field : undefined;
}
