/** Where the lives of one role run, one after the other: what outlives a crash, and what can be cut off from it. */
export interface Place {
  readonly name: string;
  /** Ms that its wall clock is off by; its monotonic clock never is. */
  wallOffsetMs: number;
  /** Nothing passes between it and Redis, or the venue. */
  redisCut: boolean;
  venueCut: boolean;
}

/** A place with a clock that is right and every line open. */
export function newPlace(name: string): Place {
  return { name, wallOffsetMs: 0, redisCut: false, venueCut: false };
}
