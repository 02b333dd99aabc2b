import type { Chance } from "./chance.ts";

/**
 * How long things take to travel, µs. Mostly short; now and then something is slow. `slow` is how often, and is a
 * fault that a run may have more or less of.
 */
export class Latency {
  readonly #chance: Chance;
  slow = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  redisUs(): number {
    if (this.slow > 0 && this.#chance.hit(this.slow)) return this.#chance.between(1_000, 800_000);
    return this.#chance.between(30, 250);
  }

  venueUs(): number {
    if (this.slow > 0 && this.#chance.hit(this.slow)) return this.#chance.between(20_000, 3_000_000);
    return this.#chance.between(2_000, 40_000);
  }
}
