import type { Place } from "./place.ts";

/**
 * One process from its start to its end. A crash is `alive = false`: whatever its code was waiting for never comes,
 * so nothing of it ever runs again, wherever it was.
 */
export interface Life {
  readonly name: string;
  readonly place: Place;
  alive: boolean;
  /** Nothing of it happens before (virtual µs): a pause of the machine, of the collector, SIGSTOP. */
  stalledUntilUs: number;
}

/** A life of a place. */
export function newLife(place: Place, name: string): Life {
  return { name, place, alive: true, stalledUntilUs: 0 };
}
