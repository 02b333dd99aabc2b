/** What the exit brain follows, read from the plan that execution, or the exit brain itself, has stored. */
import { z } from "zod";
import { decimalTextSchema } from "../contract/decimal-text.ts";
import { positionPlanSchema, type StoredPlan } from "../contract/position-plan.ts";
import type { ExitTerms } from "./exit-rule.ts";

export interface ExitPlan extends ExitTerms {
  /** Of the entry, or of the adoption. */
  readonly intentId: string;
  readonly side: "LONG" | "SHORT";
  readonly entryPrice: string;
  /** The best mark since the entry, as far as it was recorded. */
  readonly extreme: string | null;
  /** Of a default plan that is in Redis as yet neither read nor known to be: the stop it would have by itself. */
  readonly defaultStop?: string;
}

export type PlanReading =
  | { readonly kind: "plan"; readonly plan: ExitPlan }
  | { readonly kind: "absent" }
  /** There, and no plan: a field is missing, no number, or the key is of another type. */
  | { readonly kind: "unreadable"; readonly why: string; readonly openedAt: string };

const price = decimalTextSchema.refine((text) => !text.startsWith("-") && text !== "0", "not above zero");
const percent = price.refine((text) => Number(text) < 100, "not below 100");

const termsSchema = z.object({ stop_loss: price, take_profit: price, trail_percent: percent.nullable() });
const extremeSchema = price.optional().catch(undefined);
/** Only a starting point of the best mark: a plan is not unreadable for its lack. */
const entrySchema = decimalTextSchema.catch("0");

/** A plan's hash as it was read; empty: there is none. Never throws. */
export function readPlan(fields: Readonly<Record<string, string>>): PlanReading {
  if (Object.keys(fields).length === 0) return { kind: "absent" };
  const openedAt = fields["opened_at"] ?? "";
  const stored = positionPlanSchema.safeParse(fields);
  if (!stored.success) return { kind: "unreadable", why: wordsOf(stored.error), openedAt };
  const terms = termsSchema.safeParse(stored.data);
  if (!terms.success) return { kind: "unreadable", why: wordsOf(terms.error), openedAt };
  const { data } = stored;
  return {
    kind: "plan",
    plan: {
      intentId: data.intent_id,
      side: data.side,
      entryPrice: entrySchema.parse(data.entry_price),
      stopLoss: terms.data.stop_loss,
      takeProfit: terms.data.take_profit,
      trailPercent: terms.data.trail_percent,
      openedAtMs: data.opened_at,
      maxHoldSec: data.max_hold_sec,
      extreme: extremeSchema.parse(data.mark_extreme) ?? null,
    },
  };
}

function wordsOf(error: z.ZodError): string {
  const issue = error.issues[0];
  return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`;
}

/** The plan as it is stored, for a position of this size. */
export function storedPlan(
  plan: ExitPlan,
  position: {
    readonly symbol: string;
    readonly positionSide: StoredPlan["position_side"];
    readonly quantity: string;
  },
): StoredPlan {
  return {
    intent_id: plan.intentId,
    symbol: position.symbol,
    position_side: position.positionSide,
    side: plan.side,
    quantity: position.quantity,
    entry_price: plan.entryPrice,
    stop_loss: plan.stopLoss,
    take_profit: plan.takeProfit,
    trail_percent: plan.trailPercent ?? "",
    opened_at: String(plan.openedAtMs),
    max_hold_sec: String(plan.maxHoldSec),
    ...(plan.extreme === null ? {} : { mark_extreme: plan.extreme }),
  };
}
