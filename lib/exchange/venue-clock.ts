/**
 * The venue's clock, estimated from round trips.
 *
 * Invariants
 * 1. It runs on the local monotonic clock: a step of the wall clock changes nothing after a first sample.
 * 2. The true time lies within `skewMs()` of `nowMs()`, as long as the local oscillator drifts less than
 *    200 ppm and the venue's own clock does not step.
 * 3. Between two samples that agree the more precise wins; when they contradict each other the newer does.
 */
import type { ClockSample } from "./exchange.ts";

interface LocalClock {
  nowMs(): number;
  monotonicMs(): number;
}

/** Worst drift of an undisciplined crystal, as a ratio. */
const DRIFT_MAX = 200e-6;
/** The venue answers in whole milliseconds. */
const GRANULARITY_MS = 1;
/** Said while nothing is known: longer than any receive window the venue takes. */
const SKEW_UNKNOWN_MS = 60_000;

export interface VenueClock {
  /** Whole epoch ms. */
  nowMs(): number;
  skewMs(): number;
  /** A reply that said `serverMs`, asked and received at these monotonic times. */
  observe(sample: { serverMs: number; askedAtMs: number; receivedAtMs: number }): ClockSample;
}

/** A clock without samples: it says the local time until it is told better. */
export function createVenueClock(local: LocalClock): VenueClock {
  let best: { baseMs: number; errorMs: number; atMs: number } | undefined;

  const errorNow = (monotonicMs: number): number =>
    best === undefined ? SKEW_UNKNOWN_MS : best.errorMs + (monotonicMs - best.atMs) * DRIFT_MAX;

  return {
    nowMs() {
      if (best === undefined) return Math.floor(local.nowMs());
      return Math.floor(best.baseMs + local.monotonicMs());
    },
    skewMs: () => Math.ceil(errorNow(local.monotonicMs())),
    observe({ serverMs, askedAtMs, receivedAtMs }) {
      const errorMs = (receivedAtMs - askedAtMs) / 2 + GRANULARITY_MS;
      const baseMs = serverMs + GRANULARITY_MS / 2 - (askedAtMs + receivedAtMs) / 2;
      const oldErrorMs = errorNow(receivedAtMs);
      const contradicts = best !== undefined && Math.abs(best.baseMs - baseMs) > oldErrorMs + errorMs;
      if (best === undefined || contradicts || errorMs <= oldErrorMs) {
        best = { baseMs, errorMs, atMs: receivedAtMs };
      }
      const offsetMs = baseMs + receivedAtMs - local.nowMs();
      return { offsetMs: Math.round(offsetMs), errorMs: Math.ceil(errorMs) };
    },
  };
}
