import { createHash } from "node:crypto";
import { z } from "zod";
import { countTextSchema } from "./count-text.ts";
import { POSITION_SIDES } from "./trade-intent.ts";

const optionalDecimal = z.string().transform((text) => (text === "" ? null : text));

/** How a position is to be left: written when its entry settles, read and followed by the exit brain. */
export const positionPlanSchema = z.object({
  intent_id: z.string(),
  symbol: z.string(),
  position_side: z.enum(POSITION_SIDES),
  side: z.enum(["LONG", "SHORT"]),
  /** What filled, base units. */
  quantity: z.string(),
  entry_price: z.string(),
  stop_loss: z.string(),
  take_profit: z.string(),
  trail_percent: optionalDecimal,
  /** Epoch ms on the venue's clock: of the entry, or of the adoption. */
  opened_at: countTextSchema,
  max_hold_sec: countTextSchema,
  /** The best mark since the entry, kept by the exit brain: a trailing stop must survive its restart. */
  mark_extreme: z.string().optional(),
});

export type PositionPlan = z.output<typeof positionPlanSchema>;

/** The plan's fields as they are stored: all text. */
export type StoredPlan = z.input<typeof positionPlanSchema>;

/** Key suffix of a plan: the symbol; in hedge mode with its side. */
export function planSuffix(symbol: string, positionSide: (typeof POSITION_SIDES)[number]): string {
  return positionSide === "BOTH" ? symbol : `${symbol}:${positionSide}`;
}

/**
 * The intent id of a plan that nobody's entry made: it looks like one, and belongs to this adoption alone. By it an
 * adopted plan is known, whose `opened_at` does not say when its position was opened.
 */
export function adoptionId(suffix: string, adoptedAtMs: number): string {
  return createHash("sha256")
    .update(JSON.stringify(["adopted", suffix, adoptedAtMs]))
    .digest("hex")
    .slice(0, 32);
}
