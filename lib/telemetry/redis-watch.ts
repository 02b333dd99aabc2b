import type { RedisConnection } from "../redis/connection.ts";
import type { Sampler } from "./sampler.ts";

/**
 * Whether Redis can be read now, and when it last could not. Down at once: the connection's own state is asked at
 * the moment of the question, not at the next sample. A server that is connected and refuses to be read (it loads
 * its data, say) is down, too, from the sample that found out to the one that is read again.
 */
export class RedisWatch {
  readonly #redis: Pick<RedisConnection, "state">;
  readonly #sampler: Pick<Sampler, "refused">;
  readonly #clock: { nowMs(): number };
  #lastErrorMs = 0;
  /** Since when the connection that was seen last is ready. */
  #readySinceMs: number | undefined;

  constructor(
    redis: Pick<RedisConnection, "state">,
    sampler: Pick<Sampler, "refused">,
    clock: { nowMs(): number },
  ) {
    this.#redis = redis;
    this.#sampler = sampler;
    this.#clock = clock;
  }

  up(): boolean {
    this.look();
    return this.#redis.state.kind === "ready" && !this.#sampler.refused;
  }

  /** Epoch ms; 0 never. */
  lastErrorMs(): number {
    this.look();
    return this.#lastErrorMs;
  }

  /** Called often enough, no outage is missed: one that came and went between two looks left a newer connection. */
  look(): void {
    const { kind, sinceMs, lastError } = this.#redis.state;
    if (kind === "ready") {
      if (this.#readySinceMs !== undefined && sinceMs > this.#readySinceMs) this.#note(sinceMs);
      this.#readySinceMs = sinceMs;
      if (this.#sampler.refused) this.#note(this.#clock.nowMs());
    } else if (kind !== "closed" && lastError !== undefined) this.#note(this.#clock.nowMs());
  }

  #note(atMs: number): void {
    this.#lastErrorMs = Math.max(this.#lastErrorMs, atMs);
  }
}
