/**
 * What the watchdog does next: one pure function of what it knows.
 *
 * 1. No panic is called while a latch stands whose failure has not recovered: one panic a failure.
 * 2. A panic that is due is called in the same step, unless the venue is silent: then entries are halted at once
 *    and the panic is held until the venue answers.
 * 3. Every state it returns is one that the table of moves allows.
 */
import type { PanicReason } from "../../contract/panic.ts";
import { type BrainEvidence, decideFinding, type Finding } from "./decide-finding.ts";
import type { Latch } from "./latch.ts";
import { mayBeLeft } from "./positions-view.ts";
import { WATCH_LIMITS_MS as LIMITS } from "./watch-limits.ts";
import { moveWatch, type WatchEvent, type WatchState } from "./watch-states.ts";

export interface WatchInput extends BrainEvidence {
  readonly state: WatchState;
  readonly latch: Latch | undefined;
  /** How far the latch's panic got. */
  readonly call: { readonly accepted: boolean; readonly published: boolean };
  /**
   * The halt in Redis. `panic`: one stands and the worker has our panic. `other`: one stands that is not known to be
   * our panic's: an earlier panic's, or our own of VENUE_LOST. `cleared`: none stands and the worker has had our
   * panic. `none`: none stands, of our panic nothing is known. `unknown`: not readable, or absent from a Redis that
   * has lost the panic too.
   */
  readonly halt: "panic" | "other" | "cleared" | "none" | "unknown";
  readonly venue: {
    /** Since its last answer that is more than a limit, ms. */
    readonly silentMs: number;
    /** Since it answers again after a silence, ms. */
    readonly answeringMs: number;
    /** The same of its first answer in this VENUE_LOST; 0 before it, and outside that state. */
    readonly backMs: number;
    /** Its newest word is that nothing may be asked for a while; or that is our own, and nothing was. */
    readonly limited: boolean;
  };
  /** For how long a due panic has been held back already, ms; 0: none is. */
  readonly heldMs: number;
}

export type WatchAction =
  | { readonly kind: "call-panic"; readonly reason: PanicReason }
  | { readonly kind: "halt-entries"; readonly reason: PanicReason }
  | { readonly kind: "keep-latch"; readonly latch: Latch }
  /** An operator has cleared the halt: forget the failure and every age. */
  | { readonly kind: "start-anew" };

export interface WatchDecision {
  readonly state: WatchState;
  readonly finding: Finding;
  /** A panic is due and waits for the venue. */
  readonly held: boolean;
  readonly actions: readonly WatchAction[];
}

/** The next state and what has to be done. Throws when the table does not allow the move: a broken invariant. */
export function decideWatch(input: WatchInput): WatchDecision {
  const finding = decideFinding(input);
  const { event, actions, held } =
    input.latch === undefined ? decideUnlatched(input, finding) : decideLatched(input, input.latch, finding);
  const move = moveWatch(input.state, event);
  if (move.kind === "illegal") throw new Error(`the watchdog cannot take ${event} in ${input.state}`);
  return { state: move.state, finding, held, actions };
}

interface Step {
  readonly event: WatchEvent;
  readonly actions: readonly WatchAction[];
  readonly held: boolean;
}

function decideUnlatched(input: WatchInput, finding: Finding): Step {
  if (finding.kind !== "failed") return { event: finding.kind, actions: [], held: false };
  const { reason } = finding;
  if (!isHeld(input, finding)) {
    return { event: "failure", actions: [{ kind: "call-panic", reason }], held: false };
  }
  const entered = input.state !== "VENUE_LOST";
  return { event: "venueSilent", actions: entered ? [{ kind: "halt-entries", reason }] : [], held: true };
}

/** What a brain that beats says when it cannot reach the venue either: it may be well again with it. */
const MENDED_BY_THE_VENUE: ReadonlySet<PanicReason> = new Set([
  "EXIT_BRAIN_DEGRADED_TOO_LONG",
  "EXIT_BRAIN_DECISION_STAGNANT",
]);

/**
 * A brain that was never seen is no dead one: a machine may start before its network, and none beats before it has
 * read positions.
 */
function isMendedByTheVenue({ brain }: WatchInput, { reason }: { readonly reason: PanicReason }): boolean {
  return brain.receivedMs === undefined || MENDED_BY_THE_VENUE.has(reason);
}

/**
 * Whether a due panic waits for the venue while it is silent; only so long when the venue's return cannot mend what is
 * broken, and not at all when the venue is there and limits us alone. After its return the brain has the contract's limit anew: one that was
 * DEGRADED has requests that hang until their deadline, one that was started meanwhile cannot beat before it has
 * read positions. Counted once an episode: a venue that comes and goes holds no panic for ever.
 */
function isHeld(input: WatchInput, finding: Finding & { readonly kind: "failed" }): boolean {
  const { positions, venue } = input;
  if (venue.limited && !MENDED_BY_THE_VENUE.has(finding.reason)) return false;
  if (input.heldMs > LIMITS.venueHold && !isMendedByTheVenue(input, finding)) return false;
  if (positions.kind === "unknown" && venue.silentMs > LIMITS.venueSilent) return true;
  const sinceReturnMs = input.state === "VENUE_LOST" ? venue.backMs : venue.answeringMs;
  return sinceReturnMs < (finding.beating ? LIMITS.degraded : LIMITS.unguarded);
}

function decideLatched(input: WatchInput, before: Latch, finding: Finding): Step {
  if (isReset(before, input.halt)) {
    return { event: "reset", actions: [{ kind: "start-anew" }], held: false };
  }
  const latch = latchAfter(input, before, finding);
  const kept: readonly WatchAction[] = sameLatch(latch, before) ? [] : [{ kind: "keep-latch", latch }];
  if (latch.stage !== before.stage) {
    return { event: latch.stage === "halted" ? "halted" : "accepted", actions: kept, held: false };
  }
  const again =
    finding.kind === "failed" && before.recovered && before.stage !== "pending" && mayBeLeft(input.positions);
  const held = again && isHeld(input, finding);
  if (again && !held) {
    return { event: "failure", actions: [{ kind: "call-panic", reason: finding.reason }], held };
  }
  return { event: "waiting", actions: kept, held };
}

/** An operator's reset may come between two of our looks, or while we were away: then the halt was never seen. */
function isReset({ stage }: Latch, halt: WatchInput["halt"]): boolean {
  if (stage === "halted") return halt === "cleared" || halt === "none";
  return stage === "issued" && halt === "cleared";
}

/** One stage a step, so that every move is one of the table. */
function latchAfter(input: WatchInput, latch: Latch, finding: Finding): Latch {
  const stage =
    latch.stage === "pending" && input.call.accepted
      ? "issued"
      : latch.stage === "issued" && input.halt === "panic"
        ? "halted"
        : latch.stage;
  return {
    ...latch,
    stage,
    published: latch.published || input.call.published,
    recovered: latch.recovered || hasRecovered(input, latch, finding),
  };
}

/** Whether the failure of the latch is over. Doubt means no: a second panic needs proof that the first failure ended. */
function hasRecovered(input: WatchInput, latch: Latch, finding: Finding): boolean {
  const { last } = input.brain;
  const { failure, event } = latch;
  if (finding.kind === "redisSilent") {
    const silent = event.reason === "POSITIONS_UNGUARDED" || event.reason === "EXIT_BRAIN_HEARTBEAT_LOST";
    return silent && input.healthyAtMs !== undefined && input.nowMs - input.healthyAtMs < LIMITS.suspect;
  }
  if (last === undefined || last.status !== "ALIVE") return false;
  // Ages start anew with us or with Redis, so a stagnant brain looks fine for a while: it must have decided.
  const decided =
    event.reason !== "EXIT_BRAIN_DECISION_STAGNANT" || last.lastDecisionTs !== failure.lastDecisionTs;
  if (input.brain.fresh) return decided && finding.kind === "fine";
  // A beat that merely lay in the stream proves it only when another instance sent it: the failed one may have left
  // a beat that we had not read, and where nobody had been seen, any may be of the failed one. It proves nothing while
  // the same want of a sign goes on that was panicked over.
  return (
    decided &&
    finding.kind !== "failed" &&
    failure.instanceId !== "" &&
    last.instanceId !== failure.instanceId
  );
}

function sameLatch(one: Latch, other: Latch): boolean {
  return one.stage === other.stage && one.published === other.published && one.recovered === other.recovered;
}
