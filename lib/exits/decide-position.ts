/**
 * What is to be done about one open position in one cycle. Pure.
 *
 * Invariants
 * 1. Every position is guarded by a plan: its own, the one that was followed before, or the default one.
 * 2. A default plan waits for an entry that is still being settled, and for Redis, `graceMs` at most.
 * 3. A plan for the other side is no plan of this position.
 * 4. The first rule of EXIT_RULES that is due names the exit.
 */
import Big from "big.js";
import { type DefaultTerms, decideDefaultPlan } from "./decide-default-plan.ts";
import type { ExitPlan, PlanReading } from "./exit-plan.ts";
import { EXIT_RULES, type ExitReason, type RuleVerdict } from "./exit-rule.ts";
import type { WatchedPosition } from "./watched-position.ts";

export interface PositionInput {
  readonly position: WatchedPosition;
  /** What Redis says of its plan; undefined: not read yet, or Redis does not answer. */
  readonly reading: PlanReading | undefined;
  /** An entry of the symbol is being submitted or settled. */
  readonly entryInFlight: boolean;
  /** The plan that was followed so far; null: none. */
  readonly followed: ExitPlan | null;
  /** Since the position was first seen, ms. */
  readonly ageMs: number;
  /** The best price there is, however old; null: none. */
  readonly mark: string | null;
  /** Epoch ms on the venue's clock. */
  readonly nowMs: number;
  readonly graceMs: number;
  readonly defaults: DefaultTerms;
}

/** Why a position got a plan of ours. */
export type AdoptionReason =
  | "NO_PLAN"
  | "PLAN_UNREADABLE"
  | "PLAN_OF_OTHER_SIDE"
  | "PLAN_LOST"
  | "REDIS_UNREADABLE";

export interface RuleSaying extends RuleVerdict {
  readonly rule: ExitReason;
}

export type PositionDecision =
  | { readonly kind: "wait"; readonly why: "ENTRY_IN_FLIGHT" | "PLAN_NOT_READ" | "NO_PRICE" }
  | {
      readonly kind: "adopt";
      readonly why: AdoptionReason;
      readonly plan: ExitPlan;
      /** opened_at of what stands there now; null: nothing. */
      readonly replaces: string | null;
      readonly detail: string;
    }
  | { readonly kind: "hold"; readonly plan: ExitPlan; readonly says: readonly RuleSaying[] }
  | {
      readonly kind: "exit";
      readonly plan: ExitPlan;
      readonly says: readonly RuleSaying[];
      readonly rule: ExitReason;
    };

/** Decides on one position. */
export function decidePosition(input: PositionInput): PositionDecision {
  const { reading, followed, position } = input;
  if (reading?.kind === "plan" && reading.plan.side === position.side) return follow(input, reading.plan);
  if (reading === undefined) {
    if (followed !== null) return follow(input, followed);
    if (input.ageMs < input.graceMs) return { kind: "wait", why: "PLAN_NOT_READ" };
    return adopt(input, { why: "REDIS_UNREADABLE", replaces: null, detail: "" });
  }
  if (input.entryInFlight && input.ageMs < input.graceMs) {
    return followed === null ? { kind: "wait", why: "ENTRY_IN_FLIGHT" } : follow(input, followed);
  }
  if (reading.kind === "absent") {
    return adopt(input, { why: followed === null ? "NO_PLAN" : "PLAN_LOST", replaces: null, detail: "" });
  }
  if (reading.kind === "unreadable") {
    return adopt(input, { why: "PLAN_UNREADABLE", replaces: reading.openedAt, detail: reading.why });
  }
  return adopt(input, {
    why: "PLAN_OF_OTHER_SIDE",
    replaces: String(reading.plan.openedAtMs),
    detail: `the plan is for a ${reading.plan.side}`,
  });
}

/** A plan that was followed before is better than a default one: it is what the position was opened for. */
function adopt(
  input: PositionInput,
  about: { readonly why: AdoptionReason; readonly replaces: string | null; readonly detail: string },
): PositionDecision {
  const { position, followed, defaults, nowMs } = input;
  if (followed !== null && followed.side === position.side)
    return { kind: "adopt", plan: followed, ...about };
  const reference = input.mark ?? (input.ageMs < input.graceMs ? null : position.entryPrice);
  if (reference === null || !new Big(reference).gt(0)) return { kind: "wait", why: "NO_PRICE" };
  const plan = decideDefaultPlan({ position, reference, nowMs, terms: defaults });
  return { kind: "adopt", plan, ...about };
}

function follow(input: PositionInput, stored: ExitPlan): PositionDecision {
  const plan = { ...stored, extreme: extremeOf(input, stored) };
  const { side } = input.position;
  const says = EXIT_RULES.map(({ reason, decide }) => ({
    rule: reason,
    ...decide({ side, terms: plan, mark: input.mark, extreme: plan.extreme, nowMs: input.nowMs }),
  }));
  const due = says.find((one) => one.verdict === "exit");
  return due === undefined ? { kind: "hold", plan, says } : { kind: "exit", plan, says, rule: due.rule };
}

/** The best of: recorded, known here under the same plan, the entry price, the mark now. */
function extremeOf(input: PositionInput, plan: ExitPlan): string | null {
  const known = input.followed?.openedAtMs === plan.openedAtMs ? input.followed.extreme : null;
  const candidates = [plan.extreme, known, plan.entryPrice, input.mark]
    .filter((text) => text !== null)
    .map((text) => new Big(text))
    .filter((price) => price.gt(0));
  if (candidates.length === 0) return null;
  const better = (best: Big, one: Big) => ((plan.side === "LONG" ? one.gt(best) : one.lt(best)) ? one : best);
  return candidates.reduce(better).toFixed();
}
