import type { Heartbeat } from "../../../../lib/contract/heartbeat.ts";
import {
  afterBeat,
  type BeatMark,
  type BrainView,
  unseenBrain,
} from "../../../../lib/emergency/watchdog/brain-view.ts";
import type { WatchInput } from "../../../../lib/emergency/watchdog/decide-watch.ts";
import type { Latch } from "../../../../lib/emergency/watchdog/latch.ts";

export function beat(seq: number, fields: Partial<BeatMark> = {}): BeatMark {
  return { instanceId: "a", seq, status: "ALIVE", lastDecisionTs: seq, ts: seq, ...fields };
}

/** A brain after these beats, each at its time. */
export function brainAfter(...beats: readonly (readonly [atMs: number, mark: BeatMark])[]): BrainView {
  return beats.reduce((view, [atMs, mark]) => afterBeat(view, mark, atMs), unseenBrain(0, undefined));
}

/** A brain that beats once a second up to `untilMs` and says so every time. */
export function brainSaying(
  status: Heartbeat["status"],
  untilMs: number,
  fields: Partial<BeatMark> = {},
): BrainView {
  let view = unseenBrain(0, undefined);
  for (let atMs = 0; atMs <= untilMs; atMs += 1000) {
    view = afterBeat(view, beat(1 + atMs / 1000, { status, ...fields }), atMs);
  }
  return view;
}

export const OPEN = { kind: "open", count: 2, sinceMs: 0 } as const;
export const FLAT = { kind: "flat" } as const;
export const UNKNOWN = { kind: "unknown", lastCount: 2, sinceMs: 0 } as const;

/** All is well at `nowMs`: a fresh ALIVE beat, positions open, Redis and venue answering. */
export function watching(nowMs: number, changes: Partial<WatchInput> = {}): WatchInput {
  return {
    state: "HEALTHY",
    nowMs,
    watchedMs: nowMs,
    began: { nowMs: 0, watchedMs: 0 },
    brain: brainSaying("ALIVE", nowMs),
    positions: OPEN,
    redisSilentMs: 100,
    healthyAtMs: undefined,
    guardedAtMs: nowMs,
    redisLostMsMax: 60_000,
    latch: undefined,
    call: { accepted: false, published: false },
    halt: "unknown",
    venue: { silentMs: 200, answeringMs: 3_600_000, backMs: 0, limited: false },
    heldMs: 0,
    ...changes,
  };
}

export function latchOf(changes: Partial<Latch> = {}): Latch {
  return {
    event: {
      event_id: "6f2c1d3a-2b4e-4c55-9d77-0a1b2c3d4e5f",
      reason: "POSITIONS_UNGUARDED",
      severity: "CRITICAL",
      issued_by: "watchdog",
      ts: 1,
    },
    failure: { instanceId: "a", seq: 5, lastDecisionTs: 5 },
    stage: "issued",
    published: true,
    recovered: false,
    ...changes,
  };
}
