/** When a stream entry was added, epoch ms by the Redis server's clock: the first part of its id. */
export function entryTimeMs(id: string): number {
  return Number(id.split("-", 1)[0]);
}

/** Seconds from then to now, never negative: the clock may have been stepped. */
export function ageSeconds(nowMs: number, thenMs: number): number {
  return Math.max(0, nowMs - thenMs) / 1000;
}
