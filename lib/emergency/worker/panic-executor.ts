/**
 * Takes panics in and has them run, one run at a time.
 *
 * 1. A panic is accepted when the halt file stands and the journal has it; only then is the caller told.
 * 2. An id is run once: what is known is not run again, whichever way it comes in.
 * 3. A panic that comes while one runs joins it and ends with it; not one that an operator has taken over. Its halt
 *    is given to Redis again, and the run is not flat before what was in flight until then has arrived.
 * 4. What a crash left open is run first, unless an operator has cleared its halt since; what it left unpublished
 *    is published.
 */
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import type { PanicCompletion, PanicEvent } from "../../contract/panic.ts";
import { ProcessExit } from "../../daemon/process-exit.ts";
import { within } from "../../daemon/within.ts";
import type { HaltMarker } from "../halt-marker.ts";
import { buildCompletion, joinedCompletion } from "./build-completion.ts";
import type { Condition } from "./condition.ts";
import { isOver, joinedTo, lastRun, openRun, type PanicStanding } from "./panic-memory.ts";
import type { PanicOutbox } from "./panic-outbox.ts";
import { type PanicEnd, PanicRun, type PanicRunParts } from "./panic-run.ts";
import { createVenuePace } from "./venue-pace.ts";

/** Orders and cancels under way at once, by the design. */
const AT_ONCE_MAX = 20;
const SLICE_MS = 100;
const IDLE_MS = 500;
/** A run of which nothing is heard for longer hangs: `/healthz` and the service manager hear of it. */
const STUCK_MS = 30_000;
/** An issuer's clock that differs by more is alarmed; it is never a reason to refuse. */
const CLOCK_SKEW_MS_MAX = 5000;
/** How long a failed completion may wait for Redis before the process ends all the same. */
const PUBLISHED_WAIT_MS = 30_000;

export interface PanicExecutorParts extends Omit<PanicRunParts, "signal" | "pace" | "giveHalt" | "observe"> {
  readonly marker: HaltMarker;
  readonly outbox: PanicOutbox;
  readonly changed: Condition;
  readonly observe: PanicRunParts["observe"] & PanicExecutorObserver;
  /** Whether Redis says that an operator cleared this panic's halt; false when Redis cannot be asked. */
  clearedMeanwhile(eventId: string): Promise<boolean>;
  /** The executor or the run it watches made progress. */
  readonly progress: () => void;
}

export interface PanicExecutorObserver {
  accepted(via: PanicStanding["via"], kind: "run" | "joined"): void;
  completed(completion: PanicCompletion): void;
  timeToFlat(ms: number): void;
  issuerClockOff(): void;
}

export type Acceptance =
  | { readonly state: "accepted" | "running" | "done" }
  | { readonly state: "joined"; readonly joins: string };

export class PanicExecutor {
  readonly #parts: PanicExecutorParts;
  /** Ends the run that is under way. */
  #stop: AbortController | undefined;
  /** The panic that an operator took over, and who. */
  #takenOver: { readonly eventId: string; readonly who: string } | undefined;
  /** Left open by a process before this one. */
  readonly #resumed: Set<string>;

  constructor(parts: PanicExecutorParts) {
    this.#parts = parts;
    const left = openRun(parts.book.memory);
    this.#resumed = new Set(left === undefined ? [] : [left.event.event_id]);
  }

  /** Resolves once the halt stands and the panic is written down. Never rejects. */
  async accept(event: PanicEvent, via: PanicStanding["via"]): Promise<Acceptance> {
    const { book, clock, changed, observe } = this.#parts;
    const known = book.memory.panics.get(event.event_id);
    if (known !== undefined) return standingOf(known);
    this.#putHaltFile(event);
    this.#checkIssuerClock(event);
    const running = this.#joinable();
    const joins = running?.event.event_id ?? null;
    await book.write({ type: "accepted", at_ms: clock.nowMs(), event, via, joins });
    if (joins !== null) void this.#parts.outbox.flush();
    observe.accepted(via, joins === null ? "run" : "joined");
    this.#parts.log.error({ event_id: event.event_id, via, joins, panic: event }, "PANIC accepted");
    const late = running?.completions.find(({ final }) => !final);
    const standing = book.memory.panics.get(event.event_id);
    if (late !== undefined && standing !== undefined) await this.#complete(standing, late.completion, false);
    changed.notifyAll();
    return joins === null ? { state: "accepted" } : { state: "joined", joins };
  }

  /** The panic that runs, if one does. */
  running(): PanicStanding | undefined {
    return openRun(this.#parts.book.memory);
  }

  /** The run that covers a panic which comes now. */
  #joinable(): PanicStanding | undefined {
    const running = this.running();
    return running?.event.event_id === this.#takenOver?.eventId ? undefined : running;
  }

  /** Whether it was said that the panic that runs is not flat in time. */
  runsLate(): boolean {
    return (this.running()?.completions.length ?? 0) > 0;
  }

  /** An operator takes over by force: the run ends where it is, and says so. */
  abandon(who: string): void {
    const eventId = this.running()?.event.event_id;
    if (eventId === undefined) return;
    this.#takenOver = { eventId, who };
    this.#stop?.abort();
  }

  /** The halt of the last panic is owed to Redis again. */
  haltAgain(): void {
    const last = lastRun(this.#parts.book.memory);
    if (last !== undefined) last.haltConfirmed = false;
    void this.#parts.outbox.flush();
  }

  /** Until the signal aborts. Throws ProcessExit 76 when the venue refuses our credentials for good. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#parts.progress();
      await this.#completeLeftBehind();
      const standing = this.running();
      if (standing === undefined) await this.#idle(signal);
      else if (await this.#clearedMeanwhile(standing)) await this.#dismiss(standing);
      else await this.#runOne(standing, signal);
    }
    const open = this.running();
    if (open !== undefined) {
      const { event_id } = open.event;
      this.#parts.log.error({ event_id }, "stopped while a panic is not flat: it goes on at the next start");
    }
  }

  /** Whether an operator cleared the halt of a panic that a process before this one left open. */
  async #clearedMeanwhile(standing: PanicStanding): Promise<boolean> {
    const eventId = standing.event.event_id;
    if (!this.#resumed.delete(eventId) || !standing.haltConfirmed) return false;
    const joined = () => joinedTo(this.#parts.book.memory, eventId).length;
    const before = joined();
    const cleared = await this.#parts.clearedMeanwhile(eventId);
    // A panic that joined while Redis was asked is not of before the clearing, also when Redis has its halt by now.
    return cleared && joined() === before;
  }

  async #dismiss(standing: PanicStanding): Promise<void> {
    const nowMs = this.#parts.clock.nowMs();
    const trouble = "the halt was cleared while the worker was down: not resumed";
    const view = {
      openLegs: undefined,
      dust: new Map(),
      lastKnown: [],
      uncancelled: [],
      errors: new Map(),
      trouble,
    };
    const completion = buildCompletion(standing, view, { status: "failed", nowMs });
    this.#parts.log.error({ completion }, "PANIC over: an operator took over");
    await this.#completeWithJoined(standing, completion, true);
  }

  async #idle(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const slice = AbortSignal.any([signal, over.signal]);
    await Promise.race([this.#parts.changed.wait(slice), this.#parts.clock.sleep(IDLE_MS, slice)]);
    over.abort();
  }

  async #runOne(standing: PanicStanding, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    if (this.#takenOver?.eventId === standing.event.event_id) stop.abort();
    const either = AbortSignal.any([signal, stop.signal]);
    const { venue, clock, outbox, observe } = this.#parts;
    let heardAt = clock.monotonicMs();
    const progress = () => {
      heardAt = clock.monotonicMs();
    };
    const pace = createVenuePace({ venue, clock, atOnceMax: AT_ONCE_MAX, signal: either, progress });
    const giveHalt = () => outbox.flush();
    const run = new PanicRun({ ...this.#parts, pace, giveHalt, signal: either }, standing);
    const alive = () => clock.monotonicMs() - heardAt < STUCK_MS;
    const end = await this.#watch(run, standing, alive);
    this.#stop = undefined;
    if (end === "flat") {
      observe.timeToFlat(run.timeToFlatMs() ?? 0);
      await this.#finish(standing, run, "flat");
    } else if (this.#takenOver?.eventId === standing.event.event_id) {
      await this.#finish(standing, run, "failed", `the halt was cleared by force by ${this.#takenOver.who}`);
    } else if (end === "refused") {
      await this.#sayLate(standing, run);
      await this.#awaitPublished(signal);
      throw new ProcessExit(
        EXIT_CODES.panicIncomplete,
        "the venue refuses our credentials: positions are open",
        {
          hint: "Put working credentials in place and start the worker: it goes on with the panic.",
        },
      );
    }
  }

  /** The run's end; meanwhile progress is told and being late is said. */
  async #watch(run: PanicRun, standing: PanicStanding, alive: () => boolean): Promise<PanicEnd> {
    const { clock, progress } = this.#parts;
    const work = run.untilEnd();
    for (;;) {
      const end = await within(clock, SLICE_MS, work);
      if (end !== undefined) return end;
      if (alive()) progress();
      if (run.isLate()) await this.#sayLate(standing, run);
    }
  }

  /** Once a panic, also over restarts. */
  async #sayLate(standing: PanicStanding, run: PanicRun): Promise<void> {
    if (standing.completions.length > 0) return;
    const nowMs = this.#parts.clock.nowMs();
    const completion = buildCompletion(standing, run.view(), { status: "failed", nowMs });
    this.#parts.log.error({ completion }, "PANIC not flat yet: it goes on");
    await this.#completeWithJoined(standing, completion, false);
  }

  async #finish(
    standing: PanicStanding,
    run: PanicRun,
    status: "flat" | "failed",
    detail?: string,
  ): Promise<void> {
    const nowMs = this.#parts.clock.nowMs();
    const built = buildCompletion(standing, run.view(), { status, nowMs });
    const completion = detail === undefined ? built : { ...built, detail };
    this.#parts.log.warn({ completion }, status === "flat" ? "PANIC over: flat" : "PANIC over: abandoned");
    await this.#completeWithJoined(standing, completion, true);
  }

  async #completeWithJoined(run: PanicStanding, completion: PanicCompletion, final: boolean): Promise<void> {
    const joined = joinedTo(this.#parts.book.memory, run.event.event_id);
    await this.#complete(run, completion, final);
    for (const one of joined) await this.#complete(one, completion, final);
    void this.#parts.outbox.flush();
    this.#parts.changed.notifyAll();
  }

  async #complete(standing: PanicStanding, completion: PanicCompletion, final: boolean): Promise<void> {
    if (isOver(standing) || (!final && standing.completions.length > 0)) return;
    const event_id = standing.event.event_id;
    const own = completion.event_id === event_id ? completion : joinedCompletion(standing, completion);
    this.#parts.observe.completed(own);
    await this.#parts.book.write({ type: "completed", event_id, final, completion: own });
  }

  /** A crash between the run's completion and those of the panics that joined it. */
  async #completeLeftBehind(): Promise<void> {
    const { memory } = this.#parts.book;
    for (const standing of [...memory.panics.values()]) {
      if (standing.joins === null || isOver(standing)) continue;
      const run = memory.panics.get(standing.joins)?.completions.find(({ final }) => final);
      if (run !== undefined) await this.#complete(standing, run.completion, true);
    }
  }

  async #awaitPublished(signal: AbortSignal): Promise<void> {
    const { clock, outbox, progress } = this.#parts;
    const until = clock.monotonicMs() + PUBLISHED_WAIT_MS;
    while (outbox.waiting() > 0 && clock.monotonicMs() < until && !signal.aborted) {
      progress();
      await outbox.flush();
      await clock.sleep(SLICE_MS, signal);
    }
  }

  #putHaltFile(event: PanicEvent): void {
    try {
      this.#parts.marker.put(`${event.event_id} ${event.issued_by} ${event.reason}`);
    } catch (error) {
      this.#parts.log.error({ err: error }, "the halt file could not be written: Redis alone halts entries");
    }
  }

  #checkIssuerClock(event: PanicEvent): void {
    const skewMs = event.ts - this.#parts.clock.nowMs();
    if (Math.abs(skewMs) <= CLOCK_SKEW_MS_MAX) return;
    this.#parts.observe.issuerClockOff();
    const fields = { event_id: event.event_id, issued_by: event.issued_by, skewMs };
    this.#parts.log.error(
      fields,
      "the issuer's clock and ours differ, or the panic is old: it is run all the same",
    );
  }
}

function standingOf(standing: PanicStanding): Acceptance {
  if (isOver(standing)) return { state: "done" };
  return standing.joins === null ? { state: "running" } : { state: "joined", joins: standing.joins };
}
