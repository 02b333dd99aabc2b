/**
 * What is to be done about one open position in one cycle. Pure.
 *
 * Invariants
 * 1. Every position is guarded by a plan: its own, the one that was followed before, or the default one.
 * 2. A default plan waits for Redis, and for an entry that is still being settled, `graceMs` at most; for the entry
 *    as long as its trades may take where a stop of ours stands.
 * 3. A plan for the other side is no plan of this position.
 * 4. A default plan never loosens a stop of ours that stands, and is stored only when that is known, and when no
 *    entry's own plan is about to be.
 * 5. The first rule of EXIT_RULES that is due names the exit.
 */
import Big from "big.js";
import { type DefaultTerms, decideDefaultPlan } from "./decide-default-plan.ts";
import type { ExitPlan, PlanReading } from "./exit-plan.ts";
import { EXIT_RULES, type ExitReason, type RuleVerdict } from "./exit-rule.ts";
import { withStandingStop } from "./standing-stop.ts";
import type { WatchedPosition } from "./watched-position.ts";

export interface PositionInput {
  readonly position: WatchedPosition;
  /** What Redis says of its plan; undefined: not read yet, or Redis does not answer. */
  readonly reading: PlanReading | undefined;
  /** An entry of the symbol is being submitted or settled. */
  readonly entryInFlight: boolean;
  /** The tightest stop of ours that rests for the position; null: none does; undefined: that is not known yet. */
  readonly standingStop: string | null | undefined;
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
export const ADOPTION_REASONS = [
  "NO_PLAN",
  "PLAN_UNREADABLE",
  "PLAN_OF_OTHER_SIDE",
  "PLAN_LOST",
  "REDIS_UNREADABLE",
] as const;
export type AdoptionReason = (typeof ADOPTION_REASONS)[number];

export interface RuleSaying extends RuleVerdict {
  readonly rule: ExitReason;
}

/** A plan that has to be stored for the position, because none that fits stands there. */
export interface Adoption {
  readonly why: AdoptionReason;
  /** opened_at of what stands there now; null: nothing. */
  readonly replaces: string | null;
  readonly detail: string;
  /** False: it is followed, and must not be stored yet. */
  readonly storable: boolean;
}

interface Guarded {
  readonly plan: ExitPlan;
  /** What every rule says, in order of precedence. */
  readonly says: readonly RuleSaying[];
  /** null: the plan is the recorded one. */
  readonly adoption: Adoption | null;
}

export type PositionDecision =
  | { readonly kind: "wait"; readonly why: "ENTRY_IN_FLIGHT" | "PLAN_NOT_READ" | "NO_PRICE" }
  | ({ readonly kind: "hold" } & Guarded)
  | ({ readonly kind: "exit"; readonly rule: ExitReason } & Guarded);

/** How long a fill may take to be settled, ms: execution waits 30 s for its trades. */
const SETTLED_AFTER_MS = 60_000;

/** Decides on one position. */
export function decidePosition(input: PositionInput): PositionDecision {
  const { reading, position } = input;
  const followed = followedOf(input);
  if (reading?.kind === "plan" && reading.plan.side === position.side)
    return guard(input, reading.plan, null);
  if (reading === undefined) {
    if (followed !== null) return guard(input, followed, null);
    if (input.ageMs < input.graceMs) return { kind: "wait", why: "PLAN_NOT_READ" };
    return adopt(input, { why: "REDIS_UNREADABLE", replaces: null, detail: "" });
  }
  const standing = input.standingStop ?? null;
  if (input.entryInFlight && input.ageMs < (standing === null ? input.graceMs : SETTLED_AFTER_MS)) {
    return followed === null ? { kind: "wait", why: "ENTRY_IN_FLIGHT" } : guard(input, followed, null);
  }
  if (reading.kind === "absent") {
    // A default plan that was never stored has not been lost.
    const why = followed === null || followed.defaultStop !== undefined ? "NO_PLAN" : "PLAN_LOST";
    return adopt(input, { why, replaces: null, detail: "" });
  }
  if (reading.kind === "unreadable") {
    return adopt(input, { why: "PLAN_UNREADABLE", replaces: reading.openedAt, detail: reading.why });
  }
  const { side, openedAtMs } = reading.plan;
  return adopt(input, {
    why: "PLAN_OF_OTHER_SIDE",
    replaces: String(openedAtMs),
    detail: `the plan is for a ${side}`,
  });
}

function followedOf({ followed, position, standingStop }: PositionInput): ExitPlan | null {
  return followed?.side === position.side ? withStandingStop(followed, standingStop ?? null) : null;
}

/** A plan that was followed before is better than a default one: it is what the position was opened for. */
function adopt(input: PositionInput, why: Omit<Adoption, "storable">): PositionDecision {
  const { position, defaults, nowMs, standingStop } = input;
  const settling = input.entryInFlight && input.ageMs < SETTLED_AFTER_MS;
  const known = input.reading !== undefined && standingStop !== undefined;
  const followed = followedOf(input);
  const isDefault = followed === null || followed.defaultStop !== undefined;
  const adoption = { ...why, storable: !isDefault || (known && !settling) };
  if (followed !== null) return guard(input, followed, adoption);
  const reference = input.mark ?? (input.ageMs < input.graceMs ? null : position.entryPrice);
  if (reference === null || !new Big(reference).gt(0)) return { kind: "wait", why: "NO_PRICE" };
  const plan = decideDefaultPlan({ position, reference, nowMs, terms: defaults });
  return guard(input, withStandingStop(plan, standingStop ?? null), adoption);
}

function guard(input: PositionInput, stored: ExitPlan, adoption: Adoption | null): PositionDecision {
  const plan = { ...stored, extreme: extremeOf(input, stored) };
  const { side } = input.position;
  const says = EXIT_RULES.map(({ reason, decide }) => ({
    rule: reason,
    ...decide({ side, terms: plan, mark: input.mark, extreme: plan.extreme, nowMs: input.nowMs }),
  }));
  const due = says.find((one) => one.verdict === "exit");
  const guarded = { plan, says, adoption };
  return due === undefined ? { kind: "hold", ...guarded } : { kind: "exit", rule: due.rule, ...guarded };
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
