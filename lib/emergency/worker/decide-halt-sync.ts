/** What `system:state:trading` says, and whether Redis still knows the last panic. */
export interface HaltReading {
  /** `unreadable`: no answer, or a value of the wrong type; both count as halted. */
  readonly redis: "halted" | "reset" | "absent" | "unreadable";
  /** Whether `system:panic_close:processed` holds the panic whose halt stands. */
  readonly panicRecorded: boolean;
  /** `cleared_by`: who reset it, if that was said; "" otherwise. */
  readonly clearedBy: string;
}

/**
 * How halt file and Redis are brought together. Pure.
 *
 * 1. An operator's reset by redis-cli (absent, or `halted` other than "true") takes the file away, unless a panic
 *    runs or its halt was never confirmed by Redis.
 * 2. A Redis that has lost the panic itself was emptied or rolled back: nobody reset anything, the halt is
 *    written again.
 * 3. A reset that says who made it, while a panic is late, is an operator who takes over by force.
 * 4. Halted in Redis and no file: the file is put, so that it holds where Redis is not heard.
 */
export function decideHaltSync(input: {
  readonly reading: HaltReading;
  readonly file: "absent" | "own" | "foreign";
  readonly running: "no" | "in time" | "late";
  /** The journal's view: the last panic's halt has not been cleared. */
  readonly haltStands: boolean;
  readonly haltConfirmed: boolean;
}): "none" | "put-file" | "accept-reset" | "write-again" | "abandon" {
  const { reading, file } = input;
  if (reading.redis === "unreadable") return "none";
  if (reading.redis === "halted") return file === "absent" ? "put-file" : "none";
  if (input.haltStands && !input.haltConfirmed) return file === "absent" ? "put-file" : "none";
  if (input.haltStands && !reading.panicRecorded) return "write-again";
  if (input.running === "late") return reading.clearedBy === "" ? "none" : "abandon";
  if (input.running === "in time") return "none";
  return input.haltStands || file === "own" ? "accept-reset" : "none";
}
