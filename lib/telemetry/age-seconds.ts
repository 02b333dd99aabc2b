/** Seconds from then to now, never negative: the clock may have been stepped. */
export function ageSeconds(nowMs: number, thenMs: number): number {
  return Math.max(0, nowMs - thenMs) / 1000;
}

/**
 * When an entry was added, as far as it can be true: the time in its id, but not later than it was first seen
 * (`knownMs`), nor than now. A stream whose server's clock was set back goes on from its last id: by that alone
 * nothing in it would grow old until the clock is there again.
 */
export function addedMs(idMs: number, nowMs: number, knownMs: number | undefined): number {
  return Math.min(idMs, knownMs ?? nowMs, nowMs);
}

/** When something happened that Redis has the time of, as far as that can be true, and how long ago. As `addedMs`. */
export function aged(
  ms: number,
  nowMs: number,
  knownMs: number | undefined,
): { readonly atMs: number; readonly ageSec: number } {
  const atMs = addedMs(ms, nowMs, knownMs);
  return { atMs, ageSec: ageSeconds(nowMs, atMs) };
}
