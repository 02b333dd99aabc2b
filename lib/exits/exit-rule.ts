import { hardStop } from "./hard-stop.ts";
import { takeProfit } from "./take-profit.ts";
import { timeStop } from "./time-stop.ts";
import { trailingStop } from "./trailing-stop.ts";

/** What a position is to be left by. Prices are decimal text. */
export interface ExitTerms {
  readonly stopLoss: string;
  readonly takeProfit: string;
  /** Percent of the best price since the entry; null: no trailing stop. */
  readonly trailPercent: string | null;
  /** Epoch ms on the venue's clock. */
  readonly openedAtMs: number;
  readonly maxHoldSec: number;
}

export interface ExitRuleInput {
  readonly side: "LONG" | "SHORT";
  readonly terms: ExitTerms;
  /** The mark price; null when none is known: then no rule of prices is due. */
  readonly mark: string | null;
  /** The best mark since the entry: highest of a long, lowest of a short. */
  readonly extreme: string | null;
  /** Epoch ms on the venue's clock. */
  readonly nowMs: number;
}

/** What a rule says of a position, also when it holds: for people who want to know how far it is. */
export interface RuleVerdict {
  readonly verdict: "hold" | "exit";
  /** The price at which it exits; null: not a matter of a price, or the rule does not apply. */
  readonly level: string | null;
  /** From the mark to the level, percent of the mark, two places; negative is past it. */
  readonly distancePct: string | null;
  /** Until it exits, ms; null: not a matter of time. */
  readonly remainingMs: number | null;
}

export const EXIT_REASONS = ["HARD_STOP", "TRAILING_STOP", "TAKE_PROFIT", "TIME_STOP"] as const;
export type ExitReason = (typeof EXIT_REASONS)[number];

/** A rule: pure, one readonly input, one verdict; a price it does not know never makes it exit. */
export interface ExitRule {
  readonly reason: ExitReason;
  readonly decide: (input: ExitRuleInput) => RuleVerdict;
}

/** The four, in order of precedence: the first that is due names the exit. */
export const EXIT_RULES: readonly ExitRule[] = [hardStop, trailingStop, takeProfit, timeStop];
