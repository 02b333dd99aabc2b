/**
 * A panic from its halt to the moment when all is flat.
 *
 * - *halting*: Redis gets the halt (the halt file stood before) and the venue's clock is known, as far as either
 *   answers; nothing is cancelled or closed before, and neither is waited for longer than its own deadline.
 * - *closing*: rounds until positions read zero; back-off 0.1 → 1 s while something fails.
 * - *settling*: positions read zero, but an entry that was in flight may still arrive, and the venue's list may lag
 *   its fill: read again until both are over, then once more from orders on. What shows meanwhile is closed at once.
 *   A halt that Redis was given anew meanwhile, for a panic that joined, counts as the first one did.
 * - *late*: not flat 10 s after it was accepted, which whoever watches says once; rounds go on, back-off 1 → 5 s.
 * - *dust*: what is under the venue's smallest order, and was refused for it, counts as closed, and is said.
 * - *ends*: `flat`; `refused` when late and the venue has refused our credentials for 5 s, which a signature that it
 *   refuses while it takes others is not; `stopped` by its signal.
 *
 * A panic never ends by an exception: what a round throws is logged and the round is run again.
 */

import { within } from "../../daemon/within.ts";
import { EVERY_SYMBOL, type RunView } from "./build-completion.ts";
import { cancelStops } from "./cancel-orders.ts";
import type { CloseParts } from "./close-leg.ts";
import { decideRound, type RoundDecision, settledInMs } from "./decide-round.ts";
import { DustWatch, isSizeRefusal } from "./dust-watch.ts";
import { OpenersWatch } from "./openers-watch.ts";
import { legKey, type PanicStanding } from "./panic-memory.ts";
import { type RoundReport, runRound } from "./panic-round.ts";
import type { OpenLeg } from "./plan-close.ts";
import { refusesCredentials } from "./refuses-credentials.ts";
import type { WorkerLog } from "./worker-parts.ts";

/** Not flat by then: said so, by the contract. */
const LATE_AFTER_MS = 10_000;
/** Orders rest only when something placed them after the halt: read again this often while closing. */
const ORDERS_EVERY_MS = 2000;
/** While settling: a position that an entry in flight opens is closed within this. */
const POLL_EVERY_MS = 250;
const ROUND_GAP_MS = 25;
const PAUSE_FIRST_MS = 100;
const PAUSE_MS_MAX = 1000;
const LATE_PAUSE_FIRST_MS = 1000;
const LATE_PAUSE_MS_MAX = 5000;
/** A skew above this says that the venue's clock was never measured, or long ago. */
const SKEW_USABLE_MS = 1000;
/** A close that reached the venue too late gets twice the window the next time, up to this. */
const CLOSE_WINDOW_MS_MAX = 32_000;
/** A Redis that hangs, or a first contact with the venue, may hold up the first cancel for so long; the halt file stands. */
const HALT_GIVEN_MS = 500;
/** Credentials that are refused for so long are refused for good. */
const REFUSED_FINAL_MS = 5000;

export interface PanicRunParts extends CloseParts {
  readonly log: WorkerLog;
  readonly signal: AbortSignal;
  /** Gives Redis the halt; resolves when it took it, or would not in time. Never rejects. */
  giveHalt(): Promise<void>;
  /** The first contact with the venue is made, or has failed. */
  venueTried(): Promise<void>;
  /** Positions that were open before this panic, as last read while idle. */
  lastKnown(): readonly OpenLeg[];
}

export type PanicEnd = "flat" | "refused" | "stopped";

export class PanicRun {
  readonly #parts: PanicRunParts;
  readonly #panic: PanicStanding;
  readonly #acceptedAt: number;
  readonly #startedAt: number;
  #rounds = 0;
  #haltedAt: number;
  /** The halts that Redis took anew and `#haltedAt` counts. */
  #haltsSeen = 0;
  /** Since when Redis has not taken a halt that it is given. */
  #haltOwedAt: number | undefined;
  #roundStartedAt: number;
  #ordersReadAt = Number.NEGATIVE_INFINITY;
  readonly #openers: OpenersWatch;
  #lastEmpty = false;
  #pauses = 0;
  #openLegs: ReadonlySet<string> | undefined;
  readonly #dust: DustWatch;
  /** The venue's rules were read anew after the last refusal of a size. */
  #rulesAreNew = false;
  #uncancelled: readonly string[] = [EVERY_SYMBOL];
  /** The last reading of positions had every row: nothing is open that it does not name. */
  #isWhole = false;
  #errors: ReadonlyMap<string, string> = new Map();
  #trouble = "";
  /** Since when the venue has refused our credentials in every round. */
  #refusedSinceAt: number | undefined;
  #flatSinceAt: number | undefined;
  #closeWindowMs: number;

  constructor(parts: PanicRunParts, panic: PanicStanding) {
    const now = parts.clock.monotonicMs();
    this.#parts = parts;
    this.#panic = panic;
    this.#dust = new DustWatch(parts.venue.rules, parts.log);
    // A resumed panic was accepted by a process that is gone: its age is known by the wall clock alone.
    this.#acceptedAt = now - Math.max(0, parts.clock.nowMs() - panic.acceptedMs);
    this.#startedAt = now;
    this.#closeWindowMs = parts.recvWindowMs;
    this.#haltedAt = now;
    this.#haltOwedAt = now;
    this.#roundStartedAt = now;
    this.#openers = new OpenersWatch(now);
  }

  /** A resumed panic is judged after a round of its own: before, there is nothing to say. */
  isLate(): boolean {
    const now = this.#parts.clock.monotonicMs();
    const judged = this.#rounds > 0 || now - this.#startedAt >= LATE_AFTER_MS;
    return judged && now - this.#acceptedAt >= LATE_AFTER_MS;
  }

  /** From acceptance to the first of the readings that were all zero, ms; undefined while something is open. */
  timeToFlatMs(): number | undefined {
    return this.#flatSinceAt === undefined ? undefined : this.#flatSinceAt - this.#acceptedAt;
  }

  view(): RunView {
    return {
      openLegs: this.#openLegs,
      dust: this.#dust.left(),
      lastKnown: this.#parts.lastKnown(),
      uncancelled: this.#isWhole ? this.#uncancelled : [...this.#uncancelled, EVERY_SYMBOL],
      errors: this.#errors,
      trouble: this.#trouble,
    };
  }

  /** Never rejects. */
  async untilEnd(): Promise<PanicEnd> {
    const { signal, clock } = this.#parts;
    await this.#halt();
    while (!signal.aborted) {
      const decision = await this.#roundSafely();
      this.#rounds += 1;
      if (decision.kind === "flat" && !this.#isHaltNewer()) return "flat";
      if (this.#refusedForGood() && this.isLate()) return "refused";
      if (!signal.aborted) await clock.sleep(this.#pauseMs(decision), signal);
    }
    return "stopped";
  }

  async #halt(): Promise<void> {
    const { clock, log, venue } = this.#parts;
    try {
      const given = within(clock, HALT_GIVEN_MS, this.#parts.giveHalt());
      await Promise.all([given, within(clock, HALT_GIVEN_MS, this.#parts.venueTried())]);
      if (venue.clockSkewMs() > SKEW_USABLE_MS) await within(clock, HALT_GIVEN_MS, venue.syncClock());
    } catch (error) {
      log.error({ err: error }, "halting threw: the panic goes on");
    }
    this.#noteHalt();
  }

  #noteHalt(): void {
    this.#haltedAt = this.#parts.clock.monotonicMs();
    this.#haltsSeen = this.#panic.haltsAnew;
  }

  /** Entries could pass after `#haltedAt`, or nobody knows yet because Redis is being given a halt. */
  #isHaltNewer(): boolean {
    this.#noteHaltOwed();
    const owedAt = this.#haltOwedAt;
    const isOwed = owedAt !== undefined && this.#parts.clock.monotonicMs() - owedAt < HALT_GIVEN_MS;
    return isOwed || this.#panic.haltsAnew !== this.#haltsSeen;
  }

  #noteHaltOwed(): void {
    if (this.#panic.haltConfirmed) this.#haltOwedAt = undefined;
    else this.#haltOwedAt ??= this.#parts.clock.monotonicMs();
  }

  async #roundSafely(): Promise<RoundDecision> {
    this.#roundStartedAt = this.#parts.clock.monotonicMs();
    try {
      return await this.#round();
    } catch (error) {
      const trouble = `the round threw: ${error instanceof Error ? error.message : String(error)}`;
      this.#trouble = trouble;
      this.#parts.log.error({ err: error, event_id: this.#panic.event.event_id }, "a round threw: again");
      return { kind: "again", pause: true };
    }
  }

  async #round(): Promise<RoundDecision> {
    const { venue } = this.#parts;
    if (venue.clockSkewMs() > SKEW_USABLE_MS) void venue.syncClock();
    this.#noteHaltOwed();
    if (this.#panic.haltsAnew !== this.#haltsSeen) this.#noteHalt();
    const arrivedMs = this.#settledInMs();
    const settledMs = Math.max(arrivedMs, this.#openers.settledInMs(this.#roundStartedAt));
    const settled = arrivedMs <= 0;
    const due = this.#roundStartedAt - this.#ordersReadAt >= ORDERS_EVERY_MS;
    const readOrders = due || (this.#lastEmpty && settledMs <= 0);
    const inOrder = readOrders && this.#lastEmpty && settled;
    const parts = { ...this.#parts, recvWindowMs: this.#closeWindowMs };
    const isDust = (leg: OpenLeg) => this.#dust.isDust(leg);
    const symbols = this.#parts.lastKnown().map(({ symbol }) => symbol);
    const report = await runRound(parts, this.#panic, { readOrders, inOrder, settled, symbols, isDust });
    if (readOrders) this.#openers.note(report, this.#parts.clock.monotonicMs());
    this.#note(report);
    await this.#heed(report);
    const decision = decideRound({
      settledInMs: settledMs,
      openingOrders: inOrder ? report.resting?.opening : undefined,
      openPositions: report.open?.length,
      sent: report.sent,
      troubles: report.troubles,
    });
    return decision.kind === "flat" ? this.#removeStops(report) : decision;
  }

  /** All is flat: the stops that guarded the positions have nothing left to guard. */
  async #removeStops(report: RoundReport): Promise<RoundDecision> {
    // A stop that closes the whole position is the one order that may yet close dust.
    const kept = new Set(report.dust.map(({ symbol }) => symbol));
    const stops = (report.resting?.stops ?? []).filter(({ symbol }) => !kept.has(symbol));
    const failures = await cancelStops(this.#parts, stops);
    this.#uncancelled = failures.map(({ symbol }) => symbol);
    if (failures.length === 0) return { kind: "flat" };
    this.#trouble = `stops not cancelled: ${failures[0]?.error}`;
    return { kind: "again", pause: true };
  }

  #note(report: RoundReport): void {
    if (report.resting !== undefined) {
      this.#ordersReadAt = this.#roundStartedAt;
      this.#uncancelled = report.uncancelled;
    }
    this.#isWhole = report.isWhole;
    this.#trouble = report.trouble;
    this.#lastEmpty = report.open?.length === 0;
    if (report.open !== undefined) {
      this.#errors = report.errors;
      this.#dust.note(report.open, report.refusedBySize, this.#rulesAreNew);
      const keyOf = (leg: OpenLeg) => legKey(leg.symbol, leg.positionSide);
      const before = report.isWhole ? [] : (this.#openLegs ?? this.#panic.legs.keys());
      this.#openLegs = new Set([...before, ...[...report.open, ...report.dust].map(keyOf)]);
      this.#dust.noteLeft(report.dust);
    }
    if (!this.#lastEmpty) this.#flatSinceAt = undefined;
    else this.#flatSinceAt ??= this.#parts.clock.monotonicMs();
    const signed = report.open !== undefined;
    const refused = report.refusals.filter((refusal) => refusesCredentials(refusal, signed)).length;
    const asked = report.open === undefined ? 1 : report.sent;
    if (asked === 0 || refused < asked) this.#refusedSinceAt = undefined;
    else this.#refusedSinceAt ??= this.#parts.clock.monotonicMs();
  }

  #refusedForGood(): boolean {
    const since = this.#refusedSinceAt;
    return since !== undefined && this.#parts.clock.monotonicMs() - since >= REFUSED_FINAL_MS;
  }

  /** Does what the venue's refusals ask for before the next round. */
  async #heed(report: RoundReport): Promise<void> {
    const { refusals } = report;
    if (refusals.some(({ advice }) => advice === "CANCEL_RESTING_FIRST")) {
      this.#ordersReadAt = Number.NEGATIVE_INFINITY;
    }
    if (refusals.some(({ row }) => row === "CLOCK")) {
      this.#closeWindowMs = Math.min(2 * this.#closeWindowMs, CLOSE_WINDOW_MS_MAX);
    }
    const bySize = refusals.some(isSizeRefusal);
    const unknownRules = report.open?.some(({ symbol }) => this.#parts.venue.rules(symbol) === undefined);
    this.#rulesAreNew = (bySize || unknownRules === true) && (await this.#parts.venue.refreshRules()).ok;
  }

  #settledInMs(): number {
    const { venue, clock, recvWindowMs } = this.#parts;
    return settledInMs({
      haltAgeMs: clock.monotonicMs() - this.#haltedAt,
      recvWindowMs,
      skewMs: venue.clockSkewMs(),
      venueNowMs: venue.serverNowMs(),
      inDoubt: [...this.#panic.legs.values()].flatMap(({ orders }) =>
        orders.filter(({ outcome }) => outcome === "open"),
      ),
    });
  }

  #pauseMs(decision: RoundDecision): number {
    if (decision.kind !== "again") {
      this.#pauses = 0;
      return Math.max(ROUND_GAP_MS, Math.min(decision.kind === "flat" ? 0 : decision.inMs, POLL_EVERY_MS));
    }
    if (!decision.pause) {
      this.#pauses = 0;
      return ROUND_GAP_MS;
    }
    const late = this.isLate();
    const doubled = (late ? LATE_PAUSE_FIRST_MS : PAUSE_FIRST_MS) * 2 ** this.#pauses;
    this.#pauses = Math.min(this.#pauses + 1, 10);
    return Math.min(doubled, late ? LATE_PAUSE_MS_MAX : PAUSE_MS_MAX);
  }
}
