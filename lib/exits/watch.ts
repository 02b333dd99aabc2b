import type { ExitAttempt } from "./decide-attempt.ts";
import type { PositionDecision } from "./decide-position.ts";
import type { ExitPlan } from "./exit-plan.ts";
import type { WatchedPosition } from "./watched-position.ts";

/** What is remembered of an open position from one cycle to the next. */
export interface Watch {
  readonly key: string;
  /** Monotonic. */
  readonly firstSeenMs: number;
  position: WatchedPosition;
  /** The plan that was followed last; null: none yet. */
  followed: ExitPlan | null;
  attempt: ExitAttempt | null;
  /** An entry of its symbol is being submitted or settled, or nobody can say. */
  entryInFlight: boolean;
  decision: PositionDecision;
  /** The price of the last decision, and how old it was; null: none. */
  mark: { readonly price: string; readonly ageMs: number } | null;
  /** Whether it ever needed a plan of ours: that was an alarm, and nobody else will place its stop. */
  adopted: boolean;
  /** The plan it needs has not been seen in Redis yet: one alarm until then. */
  adopting: boolean;
  /** A write of its plan is under way. */
  writing: boolean;
  /** The stop at the venue that its default plan was last said to have taken over; null: none. */
  stopTaken: string | null;
  /** The best mark that Redis has. */
  recordedExtreme: string | null;
  /** The resting stop, as it was last looked at. */
  stop: { readonly state: "unknown" | "resting" | "missing" | "off"; readonly triggerPrice: string | null };
}

/** A position that was seen for the first time. */
export function newWatch(position: WatchedPosition, nowMs: number): Watch {
  return {
    key: position.key,
    firstSeenMs: nowMs,
    position,
    followed: null,
    attempt: null,
    entryInFlight: true,
    decision: { kind: "wait", why: "PLAN_NOT_READ" },
    mark: null,
    adopted: false,
    adopting: false,
    writing: false,
    stopTaken: null,
    recordedExtreme: null,
    stop: { state: "unknown", triggerPrice: null },
  };
}
