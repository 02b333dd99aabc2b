/**
 * What is to be done about the stop of one position that rests at the venue. Pure.
 *
 * Invariants
 * 1. One stop a position, at the tighter of the plan's stop and its trailing stop.
 * 2. Under one plan it only ever tightens; another plan, or an edited one, replaces it either way, but a default plan
 *    that is not recorded yet, or any while an entry is being settled, never with a looser one.
 * 3. A trailing stop is followed in steps, a plan's stop to the tick.
 * 4. Somebody else's stop is left alone, and counts: the venue takes no second one.
 */
import { createHash } from "node:crypto";
import Big from "big.js";
import { isProtectiveStopId, protectiveStopId } from "../exchange/client-order-id.ts";
import { decideTriggerPrice } from "../exchange/decide-trigger-price.ts";
import type { SymbolRules } from "../exchange/symbol-rules.ts";
import type { ExitPlan } from "./exit-plan.ts";
import { isTighter, tightest, withStandingStop } from "./standing-stop.ts";
import { trailingLevel } from "./trailing-stop.ts";

export interface RestingStop {
  readonly clientAlgoId: string;
  /** Decimal text. */
  readonly triggerPrice: string;
}

export interface ProtectiveStopInput {
  readonly plan: ExitPlan;
  /** An entry of the symbol is being settled: its stop may stand before its plan does. */
  readonly entryInFlight: boolean;
  /** An exit is under way: a stop that is missing now is not placed any more. */
  readonly exiting: boolean;
  /** Stops that rest and would close this position, ours or not. */
  readonly resting: readonly RestingStop[];
  readonly rules: Pick<SymbolRules, "tickSize" | "priceMin" | "priceMax"> | undefined;
  readonly mark: string | null;
  /** Percent of the mark. */
  readonly stepPct: string;
}

export type ProtectiveStopDecision =
  | { readonly kind: "keep"; readonly triggerPrice: string }
  | { readonly kind: "place"; readonly stop: RestingStop }
  | { readonly kind: "replace"; readonly stop: RestingStop; readonly standing: readonly RestingStop[] }
  /** The price filter leaves no trigger, its rules are not known, or the exit is under way. */
  | { readonly kind: "none"; readonly why: "NO_TRIGGER" | "EXITING" };

/** Decides on the resting stop of one position. */
export function decideProtectiveStop(input: ProtectiveStopInput): ProtectiveStopDecision {
  const { resting } = input;
  const foreign = resting.find((one) => !isProtectiveStopId(one.clientAlgoId));
  if (foreign !== undefined) return { kind: "keep", triggerPrice: foreign.triggerPrice };
  const standing = tightest(input.plan.side, resting);
  const plan = withStandingStop(input.plan, standing);
  const hard = triggerOf(input, plan.stopLoss);
  const trailed = trailingLevel({ side: plan.side, terms: plan, extreme: plan.extreme });
  const trail = trailed === null ? undefined : triggerOf(input, trailed);
  const wanted =
    trail !== undefined && hard !== undefined && isTighter(plan.side, trail, hard) ? trail : hard;
  if (hard === undefined || wanted === undefined) return { kind: "none", why: "NO_TRIGGER" };
  if (input.entryInFlight && standing !== null && !isTighter(plan.side, wanted, standing)) {
    return { kind: "keep", triggerPrice: standing };
  }
  const stop = { triggerPrice: wanted, clientAlgoId: idOf(plan, wanted, hard) };
  const [current, ...others] = resting;
  if (current === undefined)
    return input.exiting ? { kind: "none", why: "EXITING" } : { kind: "place", stop };
  if (others.length === 0 && isGoodEnough({ ...input, plan }, { current, wanted, hard })) {
    return { kind: "keep", triggerPrice: current.triggerPrice };
  }
  return { kind: "replace", stop, standing: resting };
}

function isGoodEnough(
  { plan, mark, stepPct }: ProtectiveStopInput,
  at: { readonly current: RestingStop; readonly wanted: string; readonly hard: string },
): boolean {
  const { current, wanted, hard } = at;
  if (new Big(current.triggerPrice).eq(wanted)) return true;
  if (current.clientAlgoId !== idOf(plan, current.triggerPrice, hard)) return false;
  if (isTighter(plan.side, current.triggerPrice, wanted)) return true;
  if (isTighter(plan.side, hard, current.triggerPrice) || mark === null) return mark === null;
  const gap = new Big(wanted).minus(current.triggerPrice).abs();
  return gap.times(100).lt(new Big(mark).times(stepPct));
}

/** The plan's own stop has the id that execution gives it; ours, a trailed one, is named after its price. */
function idOf(plan: ExitPlan, trigger: string, hard: string): string {
  if (new Big(trigger).eq(hard)) return protectiveStopId(plan.intentId);
  const parts = JSON.stringify([plan.intentId, plan.openedAtMs, new Big(trigger).toFixed()]);
  return protectiveStopId(createHash("sha256").update(parts).digest("hex").slice(0, 32));
}

function triggerOf({ plan, rules }: ProtectiveStopInput, price: string): string | undefined {
  if (rules === undefined) return undefined;
  return decideTriggerPrice({ price, side: plan.side === "LONG" ? "SELL" : "BUY", rules });
}
