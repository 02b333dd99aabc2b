/** Seconds from then to now, never negative: the clock may have been stepped. */
export function ageSeconds(nowMs: number, thenMs: number): number {
  return Math.max(0, nowMs - thenMs) / 1000;
}
