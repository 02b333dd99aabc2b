/**
 * The watchdog's loop: gather, decide, act, twenty times a second.
 *
 * 1. It waits for nothing: reads, the panic's two ways and the disk have loops of their own. A step that ends is
 *    the only thing that beats.
 * 2. A panic is latched on disk before anyone is told of it.
 */
import type { Heartbeat } from "../../contract/heartbeat.ts";
import type { PanicEvent, PanicReason } from "../../contract/panic.ts";
import {
  afterBeat,
  afterFoundBeat,
  type BrainView,
  markOf,
  unseenBrain,
  withAgesAnew,
} from "./brain-view.ts";
import type { Finding } from "./decide-finding.ts";
import { decideWatch, type WatchAction, type WatchInput } from "./decide-watch.ts";
import type { Latch } from "./latch.ts";
import type { WatchClock } from "./watch-clock.ts";
import { WATCH_LIMITS_MS } from "./watch-limits.ts";
import type { WatchState } from "./watch-states.ts";

/** A sixth of the 300 ms that detection may take beyond its limit. */
const TICK_EVERY_MS = 50;

export interface WatchParts {
  readonly watchClock: WatchClock;
  readonly clock: { nowMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  readonly positions: {
    view(): WatchInput["positions"];
    venue(): Omit<WatchInput["venue"], "backMs">;
  };
  readonly health: { healthyAtMs(): number | undefined };
  readonly halt: { view(): WatchInput["halt"] };
  readonly caller: {
    call(event: PanicEvent, how: { readonly latched: Promise<void>; readonly before: boolean }): void;
    withdraw(): void;
    progress(): WatchInput["call"];
  };
  readonly entryHalt: { request(reason: PanicReason): void; withdraw(): void };
  readonly store: { save(latch: Latch | undefined): Promise<void> };
  /** REDIS_LOST_MAX_SEC in ms. */
  readonly redisLostMsMax: number;
  newEventId(): string;
  /** The state or the latch has changed: somebody wants to write it down. */
  changed(): void;
  called(reason: PanicReason): void;
  progress(): void;
}

export class Watch {
  readonly #parts: WatchParts;
  #state: WatchState;
  #stateSinceMs: number;
  #latch: Latch | undefined;
  #brain: BrainView;
  #began: WatchInput["began"];
  #finding: Finding = { kind: "starting" };
  /** See `BrainEvidence`. */
  #guardedAtMs: number;
  /** The venue's first answer in this VENUE_LOST. */
  #venueBackAtMs: number | undefined;
  /** Since when a due panic is held back. */
  #heldSinceMs: number | undefined;

  /** `latch`: what an earlier process left on disk or in Redis. */
  constructor(parts: WatchParts, latch: Latch | undefined) {
    this.#parts = parts;
    this.#latch = latch;
    this.#state = stateOf(latch);
    this.#stateSinceMs = parts.clock.nowMs();
    this.#began = this.#nowOnBoth();
    this.#guardedAtMs = this.#began.nowMs;
    this.#brain = unseenBrain(this.#began.watchedMs, undefined);
    if (latch !== undefined) this.#resumeCall(latch);
  }

  get state(): WatchState {
    return this.#state;
  }

  /** Epoch ms. */
  get stateSinceMs(): number {
    return this.#stateSinceMs;
  }

  get latch(): Latch | undefined {
    return this.#latch;
  }

  get brain(): BrainView {
    return this.#brain;
  }

  get finding(): Finding {
    return this.#finding;
  }

  /** Of the newest heartbeat, by our clock; undefined while none was received. */
  heartbeatAgeMs(): number | undefined {
    const { receivedMs } = this.#brain;
    return receivedMs === undefined ? undefined : this.#parts.watchClock.watchedMs() - receivedMs;
  }

  /** Whether no heartbeat tells how the exit brain is: it has to be asked itself. */
  isUnseen(): boolean {
    const { watchClock } = this.#parts;
    const unguardedMs = watchClock.nowMs() - this.#guardedAtMs;
    return watchClock.redisSilentMs() > WATCH_LIMITS_MS.redisSilent || unguardedMs > WATCH_LIMITS_MS.suspect;
  }

  /** What lay in the stream at the start. */
  onFound(beat: Heartbeat | undefined): void {
    this.#parts.watchClock.redisReplied();
    if (beat !== undefined) this.#brain = afterFoundBeat(this.#brain, markOf(beat));
    this.#began = this.#nowOnBoth();
  }

  /** Redis has answered, with these beats or none. */
  onPage(beats: readonly Heartbeat[]): void {
    const { watchClock, log } = this.#parts;
    const wasLost = watchClock.redisReplied();
    const watchedMs = watchClock.watchedMs();
    const before = this.#brain;
    for (const beat of beats) {
      const mark = markOf(beat);
      this.#brain = wasLost ? afterFoundBeat(this.#brain, mark) : afterBeat(this.#brain, mark, watchedMs);
    }
    if (!wasLost) {
      if (this.#brain !== before) this.#guardedAtMs = watchClock.nowMs();
      return;
    }
    this.#brain = withAgesAnew(this.#brain, watchedMs);
    this.#began = this.#nowOnBoth();
    log.warn({}, "Redis answers again: every age starts anew");
  }

  /** Another process of this watchdog left a latch in Redis, and ours has none on disk. */
  adopt(latch: Latch): void {
    if (this.#latch !== undefined) return;
    this.#latch = latch;
    this.#enter(stateOf(latch));
    this.#resumeCall(latch);
    void this.#parts.store.save(latch);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.step();
      this.#parts.progress();
      await this.#parts.clock.sleep(TICK_EVERY_MS, signal);
    }
  }

  /** One look, decision and act. */
  step(): void {
    if (this.#parts.positions.view().kind === "flat") this.#guardedAtMs = this.#parts.watchClock.nowMs();
    const decision = decideWatch(this.#gather());
    const { finding } = decision;
    const why = finding.kind === "failed" ? finding.reason : finding.kind;
    this.#finding = finding;
    if (!decision.held) this.#heldSinceMs = undefined;
    else this.#heldSinceMs ??= this.#parts.watchClock.nowMs();
    for (const action of decision.actions) this.#act(action);
    this.#enter(decision.state, why);
  }

  #gather(): WatchInput {
    const { watchClock, positions, health, halt, caller, redisLostMsMax } = this.#parts;
    return {
      ...{ state: this.#state, latch: this.#latch, brain: this.#brain, began: this.#began, redisLostMsMax },
      ...this.#nowOnBoth(),
      positions: positions.view(),
      redisSilentMs: watchClock.redisSilentMs(),
      healthyAtMs: health.healthyAtMs(),
      guardedAtMs: this.#guardedAtMs,
      call: caller.progress(),
      halt: halt.view(),
      venue: { ...positions.venue(), backMs: this.#venueBackMs() },
      heldMs: this.#heldSinceMs === undefined ? 0 : watchClock.nowMs() - this.#heldSinceMs,
    };
  }

  #venueBackMs(): number {
    const { positions, watchClock } = this.#parts;
    const back = this.#state === "VENUE_LOST" && positions.venue().silentMs <= WATCH_LIMITS_MS.venueSilent;
    if (this.#state !== "VENUE_LOST") this.#venueBackAtMs = undefined;
    else if (back) this.#venueBackAtMs ??= watchClock.nowMs();
    return this.#venueBackAtMs === undefined ? 0 : watchClock.nowMs() - this.#venueBackAtMs;
  }

  #act(action: WatchAction): void {
    const { entryHalt, store, caller, log } = this.#parts;
    switch (action.kind) {
      case "call-panic":
        this.#callPanic(action.reason);
        return;
      case "halt-entries":
        log.error({ reason: action.reason }, "ENTRIES_HALTED: a panic is due and the venue does not answer");
        entryHalt.request(action.reason);
        return;
      case "keep-latch":
        this.#latch = action.latch;
        this.#parts.changed();
        void store.save(action.latch);
        return;
      case "start-anew":
        log.warn({ event_id: this.#latch?.event.event_id }, "the halt was cleared: the watch starts anew");
        this.#latch = undefined;
        this.#began = this.#nowOnBoth();
        this.#guardedAtMs = this.#began.nowMs;
        this.#brain = unseenBrain(this.#began.watchedMs, this.#brain.last);
        caller.withdraw();
        entryHalt.withdraw();
        void store.save(undefined);
        this.#parts.changed();
    }
  }

  #callPanic(reason: PanicReason): void {
    const { clock, log, caller, store, entryHalt } = this.#parts;
    const { last } = this.#brain;
    const ids = { event_id: this.#parts.newEventId(), reason, ts: clock.nowMs() };
    const event = { ...ids, severity: "CRITICAL", issued_by: "watchdog" } as const;
    const { instanceId = "", seq = 0, lastDecisionTs = 0 } = last ?? {};
    const failure = { instanceId, seq, lastDecisionTs };
    this.#latch = { event, failure, stage: "pending", published: false, recovered: false };
    log.error({ event_id: event.event_id, reason, failure, ...this.#evidence() }, "PANIC");
    caller.call(event, { latched: store.save(this.#latch), before: false });
    entryHalt.withdraw();
    this.#parts.called(reason);
    this.#parts.changed();
  }

  #resumeCall(latch: Latch): void {
    // Published is not taken: Redis may have lost it since, or the worker cannot hear Redis.
    if (latch.stage === "halted" && latch.published) return;
    this.#parts.log.warn({ event_id: latch.event.event_id, stage: latch.stage }, "going on with a panic");
    this.#parts.caller.call(latch.event, { latched: Promise.resolve(), before: true });
  }

  #enter(state: WatchState, why = ""): void {
    if (state === this.#state) return;
    const from = this.#state;
    this.#state = state;
    this.#stateSinceMs = this.#parts.clock.nowMs();
    const level = state === "HEALTHY" || state === "BOOTSTRAP" ? "info" : "warn";
    this.#parts.log[level]({ from, to: state, why, ...this.#evidence() }, "WATCH_STATE");
    this.#parts.changed();
  }

  #evidence(): object {
    const { positions, watchClock } = this.#parts;
    const heartbeatAgeMs = Math.round(this.heartbeatAgeMs() ?? -1);
    return {
      heartbeatAgeMs,
      positions: positions.view(),
      redisSilentMs: Math.round(watchClock.redisSilentMs()),
    };
  }

  #nowOnBoth(): WatchInput["began"] {
    const { watchClock } = this.#parts;
    return { nowMs: watchClock.nowMs(), watchedMs: watchClock.watchedMs() };
  }
}

function stateOf(latch: Latch | undefined): WatchState {
  if (latch === undefined) return "BOOTSTRAP";
  return ({ pending: "PANIC_PENDING", issued: "PANIC_ISSUED", halted: "HALTED" } as const)[latch.stage];
}
