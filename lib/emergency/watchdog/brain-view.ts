import type { Heartbeat } from "../../contract/heartbeat.ts";
import { CRASH_LOOP_INSTANCES, WATCH_LIMITS_MS } from "./watch-limits.ts";

/** What identifies a beat, and what a failure is keyed by. */
export interface BeatMark {
  /** "" in beats of the earlier system, and while none was ever seen. */
  readonly instanceId: string;
  readonly seq: number;
  readonly status: Heartbeat["status"];
  /** On the brain's clock: only ever compared with itself. */
  readonly lastDecisionTs: number;
  readonly ts: number;
}

/**
 * The exit brain as its heartbeats show it.
 *
 * 1. All times are ours, of the clock that stands still while Redis is silent, and are those of receipt: no
 *    clock of the sender enters.
 * 2. Only progress counts: a beat that repeats an instance's sequence number, or falls behind it, changes
 *    nothing, so a replay or a stand-in cannot keep a dead brain alive.
 */
export interface BrainView {
  /** The newest beat known, also one that lay in the stream before we looked. */
  readonly last: BeatMark | undefined;
  /**
   * What the age of the beat is measured from: receipt of the newest fresh one, or the return of Redis;
   * undefined while none was received since the start or a reset.
   */
  readonly receivedMs: number | undefined;
  /** `last` was received, and is not merely known, since the start or the return of Redis. */
  readonly fresh: boolean;
  /** Receipt of the first DEGRADED beat that no ALIVE one followed. */
  readonly degradedSinceMs: number | undefined;
  /** When last_decision_ts was last seen to change. */
  readonly decidedMs: number;
  /** Instances seen lately with their last sequence number, newest last. */
  readonly instances: readonly Pick<BeatMark, "instanceId" | "seq">[];
  /** When new instances appeared that no STOPPING beat had announced, within the crash-loop window. */
  readonly unannouncedMs: readonly number[];
}

/** More than a crash loop can bring up within its window and still matter. */
const INSTANCES_KEPT = 16;

/** Nothing received yet; `found` is what lay in the stream already. */
export function unseenBrain(nowMs: number, found: BeatMark | undefined): BrainView {
  return {
    last: found,
    receivedMs: undefined,
    fresh: false,
    degradedSinceMs: undefined,
    decidedMs: nowMs,
    instances: found === undefined ? [] : [{ instanceId: found.instanceId, seq: found.seq }],
    unannouncedMs: [],
  };
}

/** The mark of a heartbeat. */
export function markOf(beat: Heartbeat): BeatMark {
  return {
    instanceId: beat.instance_id,
    seq: beat.seq,
    status: beat.status,
    lastDecisionTs: beat.last_decision_ts,
    ts: beat.ts,
  };
}

/** The view after a beat was received; the same view when the beat shows no progress. */
export function afterBeat(view: BrainView, beat: BeatMark, nowMs: number): BrainView {
  if (!isProgress(view, beat)) return view;
  const decided = view.receivedMs === undefined || view.last?.lastDecisionTs !== beat.lastDecisionTs;
  return {
    last: beat,
    receivedMs: nowMs,
    fresh: true,
    degradedSinceMs: degradedSince(view, beat, nowMs),
    decidedMs: decided ? nowMs : view.decidedMs,
    instances: withInstance(view.instances, beat),
    unannouncedMs: withUnannounced(view, beat, nowMs),
  };
}

/** The view after a beat that lay in the stream while Redis was lost: it identifies, it is no sign of life. */
export function afterFoundBeat(view: BrainView, beat: BeatMark): BrainView {
  if (!isProgress(view, beat)) return view;
  return { ...view, last: beat, fresh: false, instances: withInstance(view.instances, beat) };
}

/** Redis has returned: every age starts at this moment, what was never seen stays unseen. */
export function withAgesAnew(view: BrainView, nowMs: number): BrainView {
  return {
    ...view,
    receivedMs: view.receivedMs === undefined ? undefined : nowMs,
    fresh: false,
    degradedSinceMs: view.degradedSinceMs === undefined ? undefined : nowMs,
    decidedMs: nowMs,
    unannouncedMs: [],
  };
}

function isProgress(view: BrainView, beat: BeatMark): boolean {
  // The earlier system's beats carry no sequence: all that can be asked of them is another timestamp.
  if (beat.instanceId === "") return view.last?.ts !== beat.ts;
  const known = view.instances.find((one) => one.instanceId === beat.instanceId);
  return known === undefined || beat.seq > known.seq;
}

function degradedSince(view: BrainView, beat: BeatMark, nowMs: number): number | undefined {
  if (beat.status === "ALIVE") return undefined;
  // STOPPING is neither: it does not start a spell and does not break one.
  return view.degradedSinceMs ?? (beat.status === "DEGRADED" ? nowMs : undefined);
}

function withInstance(instances: BrainView["instances"], beat: BeatMark): BrainView["instances"] {
  const others = instances.filter((one) => one.instanceId !== beat.instanceId);
  return [...others, { instanceId: beat.instanceId, seq: beat.seq }].slice(-INSTANCES_KEPT);
}

function withUnannounced(view: BrainView, beat: BeatMark, nowMs: number): readonly number[] {
  const recent = view.unannouncedMs.filter((atMs) => nowMs - atMs <= WATCH_LIMITS_MS.crashLoopWindow);
  // The first one received is not new: nobody watched when the one before it went.
  const isNew =
    view.receivedMs !== undefined &&
    beat.instanceId !== "" &&
    !view.instances.some((one) => one.instanceId === beat.instanceId);
  if (!isNew || view.last?.status === "STOPPING") return recent;
  return [...recent, nowMs].slice(-CRASH_LOOP_INSTANCES);
}
