import { isFilterRefusal, type Outcome } from "../exchange/outcome-classes.ts";
import { type Ending, rejected } from "./ending.ts";

export type AfterRejection =
  | { readonly kind: "end"; readonly ending: Ending }
  /** The clock was off, and is right again: sign the same attempt anew. */
  | { readonly kind: "sign_again" }
  /** Resting reduce-only orders hold the size. */
  | { readonly kind: "cancel_resting_first" }
  /** The venue may have changed its filters since they were read: read them, then plan anew. */
  | { readonly kind: "read_rules_first" }
  /** Position or position mode is not what the order was planned by: plan it anew. */
  | { readonly kind: "plan_again"; readonly afterMs: number }
  | { readonly kind: "wait"; readonly afterMs: number };

/** Waits before the 2nd, 3rd and 4th attempt of what the venue did not execute (ms); then it is over. */
const BACK_OFF_MS = [200, 400, 800] as const;
/** Longest single wait of an exit for a limit (ms): Retry-After is looked at again after it. */
const LIMIT_WAIT_MS_MAX = 1000;

/** The venue's code and words, as a result says them. */
export function wordsOf(outcome: Outcome): string {
  return `${outcome.code ?? outcome.httpStatus ?? outcome.row} ${outcome.message}`.trim();
}

/**
 * The answer that ends an entry once it is proved not executed, though no row of the outcome table knows it: sent again
 * it would be refused again, for as long as the intent may live. An exit goes on trying.
 */
export function refusalOf(kind: "entry" | "exit", outcome: Outcome): Outcome | undefined {
  if (kind === "exit" || outcome.row !== "UNRECOGNISED") return undefined;
  const status = outcome.httpStatus ?? 0;
  return outcome.code !== null || (status >= 400 && status < 500) ? outcome : undefined;
}

/**
 * What follows an attempt that the venue certainly did not execute. `rejections` is how many of this class there were
 * before. An entry ends soon; an exit ends only where the venue is final or there is nothing to reduce, by its
 * position too: the venue's word alone, that may be behind, is believed the fourth time.
 */
export function decideAfterRejection(input: {
  readonly kind: "entry" | "exit";
  readonly outcome: Outcome;
  readonly rejections: number;
  /** Whether the request was signed anew before. */
  readonly resigned: boolean;
}): AfterRejection {
  const { kind, outcome, rejections } = input;
  const said = wordsOf(outcome);
  switch (outcome.class) {
    case "LIMITED":
      if (kind === "entry") return { kind: "end", ending: rejected("VENUE_LIMITED", said) };
      return { kind: "wait", afterMs: Math.min(Math.max(outcome.retryAfterMs ?? 0, 50), LIMIT_WAIT_MS_MAX) };
    case "RETRY": {
      if (outcome.advice === "SYNC_CLOCK" && !input.resigned) return { kind: "sign_again" };
      const afterMs = BACK_OFF_MS[rejections] ?? (kind === "exit" ? BACK_OFF_MS[2] : undefined);
      if (afterMs === undefined) return { kind: "end", ending: rejected("VENUE_UNAVAILABLE", said) };
      return { kind: "wait", afterMs };
    }
    case "ALREADY": {
      const afterMs = BACK_OFF_MS[rejections];
      if (outcome.advice === "READ_POSITION" && kind === "exit" && afterMs !== undefined)
        return { kind: "plan_again", afterMs };
      const reason = outcome.row === "NOTHING_TO_REDUCE" ? "NOTHING_TO_REDUCE" : "VENUE_REJECTED";
      return { kind: "end", ending: rejected(reason, said) };
    }
    case "FINAL":
    case "UNKNOWN":
      if (outcome.advice === "READ_ACCOUNT" && kind === "exit" && rejections < BACK_OFF_MS.length)
        return { kind: "plan_again", afterMs: 0 };
      if (outcome.advice === "CANCEL_RESTING_FIRST" && kind === "exit" && rejections < BACK_OFF_MS.length) {
        return { kind: "cancel_resting_first" };
      }
      if (isFilterRefusal(outcome) && kind === "exit" && rejections === 0)
        return { kind: "read_rules_first" };
      return { kind: "end", ending: rejected("VENUE_REJECTED", said) };
  }
}
