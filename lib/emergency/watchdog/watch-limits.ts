/**
 * The watchdog's limits, ms. Those of the contract are exceeded strictly: at exactly 3 s nothing happens yet.
 */
export const WATCH_LIMITS_MS = {
  /** Contract: open positions (or perhaps open) and no heartbeat. */
  unguarded: 3000,
  /** Contract: heartbeat missing, positions or not. */
  missing: 5000,
  /** Contract: DEGRADED without a break. */
  degraded: 5000,
  /** Contract: decisions stagnant, with positions. */
  stagnant: 30_000,
  /** Contract: the window of the crash loop. */
  crashLoopWindow: 60_000,
  /** Behaviour: no heartbeat since the start, without positions. */
  graceFlat: 30_000,
  /** Behaviour: no heartbeat since the start, with positions or not known. */
  graceOpen: 10_000,
  /** Behaviour: Redis lost, positions, and no healthy answer of the exit brain. */
  unhealthy: 3000,
  /**
   * No sign of the exit brain, neither a fresh beat nor a healthy answer, however often Redis came and went: ages and
   * the wait for a healthy answer start anew with every return of Redis, this does not. Twice `unguarded`, which is
   * above what one outage takes (a beat, `redisSilent`, `unhealthy`) and leaves 9 s of the 15 s to close.
   */
  noSign: 6000,
  /** The same for a brain of which there was no sign since the start or a reset: twice its grace. */
  noSignYet: 20_000,
  /** One beat a second: half a beat late is worth a look, not a word. */
  suspect: 1500,
  /**
   * Redis counts as lost after this silence. Above the 1 s of a latency spike, which must not reset ages, and
   * far under every limit of the contract.
   */
  redisSilent: 1500,
  /**
   * The venue counts as silent after three reads without any answer. One failed read only means that the
   * count is not known.
   */
  venueSilent: 3000,
  /**
   * A panic that is due is held for the venue for so long at most: the worker may reach it where the watchdog does
   * not. 3 s of detection, this, and the worker's closes stay within the 15 s of any failure.
   */
  venueHold: 8000,
} as const;

/** Contract: unannounced new instances within the window that make a crash loop. */
export const CRASH_LOOP_INSTANCES = 3;
