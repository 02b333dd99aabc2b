/**
 * What this folder takes from outside: structural, so that the daemon's clock and logger fit without an
 * import, and so that a simulated clock does too. Command deadlines run on real timers all the same: the
 * server on the other end of the socket does not live in simulated time.
 */
export interface RedisClock {
  /** Wall clock, epoch ms. */
  nowMs(): number;
  /** Never steps; meaningful only as a difference. */
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as the signal aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface RedisLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Uniform in [0, 1). */
export type Random = () => number;
