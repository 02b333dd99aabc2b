import type { PanicReason } from "../../contract/panic.ts";
import type { BrainView } from "./brain-view.ts";
import type { PositionsView } from "./positions-view.ts";
import { CRASH_LOOP_INSTANCES, WATCH_LIMITS_MS as LIMITS } from "./watch-limits.ts";

/** Everything the state of the exit brain is judged by. */
export interface BrainEvidence {
  /** Our own time, without stretches in which this process did not run, ms. */
  readonly nowMs: number;
  /** The same, without stretches in which Redis was silent: what ages of beats are measured in, ms. */
  readonly watchedMs: number;
  /** The start, or the operator's reset, on both clocks. */
  readonly began: { readonly nowMs: number; readonly watchedMs: number };
  readonly brain: BrainView;
  readonly positions: PositionsView;
  /** Since the last answer of Redis to the heartbeat reader. */
  readonly redisSilentMs: number;
  /** When the brain's last healthy HTTP answer was asked for, on `nowMs`; undefined: none yet. */
  readonly healthyAtMs: number | undefined;
  /**
   * The last fresh beat, or reading of no positions, or else the start or the operator's reset, on `nowMs`. Nothing
   * that Redis does starts it anew.
   */
  readonly guardedAtMs: number;
  /** REDIS_LOST_MAX_SEC in ms. */
  readonly redisLostMsMax: number;
}

export type Finding =
  | { readonly kind: "starting" }
  | { readonly kind: "fine" }
  | { readonly kind: "suspicion" }
  | { readonly kind: "redisSilent" }
  /** `beating`: it beats, and what it says is the failure. */
  | { readonly kind: "failed"; readonly reason: PanicReason; readonly beating: boolean };

/**
 * The state of the exit brain, by its heartbeats, or by its own HTTP answers while Redis is lost. The first
 * condition that holds, in the contract's order: unguarded before missing, then what the beats say. A Redis that
 * comes and goes hides no dead brain for longer than one outage does.
 */
export function decideFinding(evidence: BrainEvidence): Finding {
  const finding = findByRedis(evidence);
  return finding.kind !== "failed" && hasNoSign(evidence) ? failed("POSITIONS_UNGUARDED") : finding;
}

function hasNoSign({ nowMs, guardedAtMs, healthyAtMs, brain }: BrainEvidence): boolean {
  const signMs = Math.max(guardedAtMs, healthyAtMs ?? guardedAtMs);
  const isNew = brain.receivedMs === undefined && signMs === guardedAtMs;
  return nowMs - signMs > (isNew ? LIMITS.noSignYet : LIMITS.noSign);
}

function findByRedis(evidence: BrainEvidence): Finding {
  if (evidence.redisSilentMs > LIMITS.redisSilent) return findByHealth(evidence);
  if (evidence.brain.receivedMs === undefined) return findUnseen(evidence);
  return findByBeats(evidence, evidence.watchedMs - evidence.brain.receivedMs);
}

function findUnseen({ watchedMs, began, positions }: BrainEvidence): Finding {
  const flat = positions.kind === "flat";
  const graceMs = flat ? LIMITS.graceFlat : LIMITS.graceOpen;
  if (watchedMs - began.watchedMs <= graceMs) return { kind: "starting" };
  return failed(flat ? "EXIT_BRAIN_HEARTBEAT_LOST" : "POSITIONS_UNGUARDED");
}

function findByBeats(evidence: BrainEvidence, ageMs: number): Finding {
  const { brain, positions, watchedMs } = evidence;
  const ageOf = (sinceMs: number) => watchedMs - sinceMs;
  if (positions.kind !== "flat" && ageMs > LIMITS.unguarded) return failed("POSITIONS_UNGUARDED");
  if (ageMs > LIMITS.missing) return failed("EXIT_BRAIN_HEARTBEAT_LOST");
  if (brain.degradedSinceMs !== undefined && ageOf(brain.degradedSinceMs) > LIMITS.degraded) {
    return { ...failed("EXIT_BRAIN_DEGRADED_TOO_LONG"), beating: true };
  }
  if (positions.kind !== "flat") {
    // A brain that had nothing to guard owes no decision from before the position.
    const undecidedMs = ageOf(Math.max(brain.decidedMs, positions.sinceMs));
    if (undecidedMs > LIMITS.stagnant) return { ...failed("EXIT_BRAIN_DECISION_STAGNANT"), beating: true };
  }
  const starts = brain.unannouncedMs.filter((atMs) => ageOf(atMs) <= LIMITS.crashLoopWindow);
  if (starts.length >= CRASH_LOOP_INSTANCES) return failed("EXIT_BRAIN_CRASH_LOOP");
  const well = brain.fresh && ageMs <= LIMITS.suspect && brain.last?.status === "ALIVE";
  return { kind: well ? "fine" : "suspicion" };
}

function findByHealth(evidence: BrainEvidence): Finding {
  const { nowMs, began, positions, redisSilentMs } = evidence;
  if (positions.kind === "flat") return { kind: "redisSilent" };
  const lostAtMs = nowMs - redisSilentMs + LIMITS.redisSilent;
  const unhealthyMs = nowMs - Math.max(evidence.healthyAtMs ?? lostAtMs, lostAtMs);
  // The brain may still be starting, as this process is.
  const unseen = evidence.brain.receivedMs === undefined && evidence.healthyAtMs === undefined;
  const inGrace = unseen && nowMs - began.nowMs <= LIMITS.graceOpen;
  if (unhealthyMs > LIMITS.unhealthy && !inGrace) return failed("POSITIONS_UNGUARDED");
  if (redisSilentMs > evidence.redisLostMsMax) return { ...failed("REDIS_LOST"), beating: true };
  return { kind: "redisSilent" };
}

function failed(reason: PanicReason): Finding & { readonly kind: "failed" } {
  return { kind: "failed", reason, beating: false };
}
