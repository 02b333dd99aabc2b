/**
 * How far the closing of one position is, and what comes next. Pure.
 *
 * Invariants
 * 1. At most one exit intent of a position is under way; the next one is numbered only once the one before has
 *    ended, a reading of the positions that was begun later still shows the position open, and the position has
 *    not become smaller for a second: the rest of what one order could not close is followed up by execution.
 * 2. What has been decided is carried out: a position that is being closed is closed to the end, also when the
 *    price comes back in between; only a new plan (another entry filled) ends that.
 * 3. Only a smaller position, or a fill, counts as progress: an exit that is refused again and again is as
 *    unconfirmed as one that nobody answers. But for what is too small for any order of the venue, and what was answered
 *    of a symbol that it does not trade now: nobody can close that, and a panic would close all the rest for it.
 */
import Big from "big.js";
import { isUnderSmallestOrder } from "../exchange/decide-order-size.ts";
import type { SymbolRules } from "../exchange/symbol-rules.ts";
import { exitIntentId } from "./exit-intent.ts";
import type { ExitReason } from "./exit-rule.ts";
import type { WatchedPosition } from "./watched-position.ts";

/** What became of handing the intent to Redis: `refused` it did not take it, `unsure` it may have. */
export type Handover = "due" | "sending" | "sent" | "refused" | "unsure";

/** An exit under way. Times are monotonic ms. */
export interface ExitAttempt {
  readonly openedAtMs: number;
  readonly rule: ExitReason;
  readonly n: number;
  readonly intentId: string;
  readonly handover: Handover;
  /** Whether this process knows how far an earlier one came with this exit. */
  readonly takenUp: boolean;
  readonly sentAtMs: number;
  /** When its end was first seen; null: it has not ended as far as we know. */
  readonly endedAtMs: number | null;
  /** Since when the position has not become smaller although it should. */
  readonly progressAtMs: number;
  /** The position's size then. */
  readonly quantity: string;
}

/** The order ledger's word on the intent; undefined: not read. */
export type LedgerWord = string | "ABSENT" | undefined;

/** How long a position that becomes smaller is left to those who make it so. */
const REST_PATIENCE_MS = 1000;
/** What no order can close is tried again seldom: its results would push all others out of their stream. */
const DUST_TRIES = 5;
const DUST_AGAIN_MS = 60_000;
/** Cycles are a second apart, give or take: one that falls a few ms short must not cost a second more. */
const JITTER_MS = 100;
const ENDED: ReadonlySet<string> = new Set(["FILLED", "PARTIAL", "REJECTED", "HELD", "DENIED", "EXPIRED"]);
const FILLED: ReadonlySet<string> = new Set(["FILLED", "PARTIAL"]);

/** Whether this state of the ledger is an end: the result was written in the same call. */
export function hasEnded(word: LedgerWord): boolean {
  return word !== undefined && ENDED.has(word);
}

export interface AttemptInput {
  readonly position: WatchedPosition;
  readonly openedAtMs: number;
  /** The rule that is due now; null: none. */
  readonly rule: ExitReason | null;
  readonly attempt: ExitAttempt | null;
  readonly ledger: LedgerWord;
  /** Monotonic. */
  readonly nowMs: number;
  /** When the reading of positions that shows this one was begun, monotonic. */
  readonly askedAtMs: number;
  readonly confirmMs: number;
  /** Too small for any order of the venue, by its rules. */
  readonly isDust?: boolean;
}

export type AttemptDecision =
  | { readonly kind: "idle" }
  /** To be handed over now, under its number. */
  | { readonly kind: "publish"; readonly attempt: ExitAttempt }
  | { readonly kind: "await"; readonly attempt: ExitAttempt };

/** Decides on the closing of one position. */
export function decideAttempt(input: AttemptInput): AttemptDecision {
  const before = input.attempt?.openedAtMs === input.openedAtMs ? input.attempt : null;
  if (before === null) {
    return input.rule === null
      ? { kind: "idle" }
      : { kind: "publish", attempt: firstAttempt(input, input.rule) };
  }
  const attempt = progressed(before, input);
  if (attempt.endedAtMs !== null) {
    const stillMoving = input.nowMs - attempt.progressAtMs < REST_PATIENCE_MS;
    const rests =
      input.isDust === true && attempt.n >= DUST_TRIES && input.nowMs - attempt.endedAtMs < DUST_AGAIN_MS;
    if (stillMoving || rests || input.askedAtMs <= attempt.endedAtMs) return { kind: "await", attempt };
    return { kind: "publish", attempt: nextAttempt(attempt, input.position) };
  }
  return { kind: isDue(attempt, input) ? "publish" : "await", attempt };
}

/** Whether the exit has gone nowhere for longer than it may, or could not even be handed over. `nowMs`: monotonic. */
export function isUnconfirmed(
  attempt: ExitAttempt,
  { nowMs, confirmMs, rules }: { nowMs: number; confirmMs: number; rules: SymbolRules | undefined },
): boolean {
  if (isUnderSmallestOrder(attempt.quantity, rules)) return false;
  const wasAnswered = attempt.n > 0 || attempt.endedAtMs !== null;
  if (wasAnswered && attempt.handover !== "refused" && rules !== undefined && !isTraded(rules)) return false;
  return attempt.handover === "refused" || nowMs - attempt.progressAtMs >= confirmMs - JITTER_MS;
}

/** Whether the venue takes orders for the symbol, as its rules were read last. */
export function isTraded({ status }: SymbolRules): boolean {
  return status === "TRADING";
}

/**
 * The attempt after its handing over has ended, which may take longer than a cycle: what later cycles have learned
 * since is kept, and an attempt that is another one by now is left alone.
 */
export function handedOver(
  now: ExitAttempt | null,
  sending: ExitAttempt,
  after: ExitAttempt,
): ExitAttempt | null {
  if (now === null || now.intentId !== sending.intentId || now.handover !== "sending") return now;
  const { n, intentId, handover, takenUp } = after;
  const endedAtMs = intentId === now.intentId ? now.endedAtMs : null;
  return { ...now, n, intentId, handover, takenUp, endedAtMs };
}

function firstAttempt(input: AttemptInput, rule: ExitReason): ExitAttempt {
  const { position, openedAtMs, nowMs } = input;
  return {
    openedAtMs,
    rule,
    n: 0,
    intentId: idOf(position, openedAtMs, rule, 0),
    handover: "due",
    takenUp: false,
    sentAtMs: nowMs,
    endedAtMs: null,
    progressAtMs: nowMs,
    quantity: position.quantity,
  };
}

function nextAttempt(attempt: ExitAttempt, position: WatchedPosition): ExitAttempt {
  return numbered(attempt, position, attempt.n + 1);
}

/** The same exit under another number, not handed over yet. */
export function numbered(attempt: ExitAttempt, position: WatchedPosition, n: number): ExitAttempt {
  const intentId = idOf(position, attempt.openedAtMs, attempt.rule, n);
  return { ...attempt, n, intentId, handover: "due", endedAtMs: null };
}

function idOf(position: WatchedPosition, openedAtMs: number, rule: ExitReason, n: number): string {
  const { symbol, positionSide } = position;
  return exitIntentId({ symbol, positionSide, openedAtMs, rule, n });
}

function progressed(attempt: ExitAttempt, input: AttemptInput): ExitAttempt {
  const { position, ledger, nowMs } = input;
  const smaller = new Big(position.quantity).lt(attempt.quantity);
  const endsNow = attempt.endedAtMs === null && hasEnded(ledger);
  const filledNow = endsNow && ledger !== undefined && FILLED.has(ledger);
  return {
    ...attempt,
    handover: ledger !== undefined && ledger !== "ABSENT" ? "sent" : attempt.handover,
    endedAtMs: endsNow ? nowMs : attempt.endedAtMs,
    progressAtMs: smaller || filledNow ? nowMs : attempt.progressAtMs,
    quantity: smaller ? position.quantity : attempt.quantity,
  };
}

/** Whether it must be handed over (again): a second entry under the same id is only answered as a duplicate. */
function isDue(attempt: ExitAttempt, input: AttemptInput): boolean {
  switch (attempt.handover) {
    case "due":
    case "refused":
      return true;
    case "unsure":
      return input.ledger === "ABSENT";
    case "sent":
      // The stream was lost, or execution is away: it costs one entry to make sure.
      return input.ledger === "ABSENT" && input.nowMs - attempt.sentAtMs > input.confirmMs;
    case "sending":
      return false;
  }
}
