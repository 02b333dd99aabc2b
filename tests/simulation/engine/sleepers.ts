import type { Clock } from "../../../lib/daemon/clock.ts";
import type { Chance } from "./chance.ts";
import type { Life } from "./life.ts";
import type { Planned, Timeline } from "./timeline.ts";

/** A timer fires late by up to this much, µs: two processes' loops drift past each other. */
const LAG_US_MAX = 900;

/** Timers and clocks of simulated processes. */
export class Sleepers {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #epochMs: number;

  constructor(parts: { readonly timeline: Timeline; readonly chance: Chance; readonly epochMs: number }) {
    this.#timeline = parts.timeline;
    this.#chance = parts.chance;
    this.#epochMs = parts.epochMs;
  }

  /** A timer of whoever runs now. */
  timer(act: () => void, ms: number): Planned {
    const delayUs = Math.max(0, ms) * 1000 + this.#chance.between(0, LAG_US_MAX);
    return this.#timeline.after(delayUs, this.#timeline.current, "timer", act);
  }

  /** The clock of a life: its wall clock may be off, its monotonic one is not. */
  clockOf(life: Life): Clock & { preciseMs(): number } {
    const monotonicMs = () => this.#timeline.nowUs / 1000;
    return {
      monotonicMs,
      nowMs: () => Math.floor(this.#epochMs + monotonicMs() + life.place.wallOffsetMs),
      preciseMs: () => this.#epochMs + monotonicMs(),
      sleep: (ms, signal) => this.#sleep(life, ms, signal),
    };
  }

  #sleep(life: Life, ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        planned.cancelled = true;
        signal?.removeEventListener("abort", finish);
        resolve();
      };
      const delayUs = Math.max(0, ms) * 1000 + this.#chance.between(0, LAG_US_MAX);
      const planned = this.#timeline.after(delayUs, life, "sleep", finish);
      signal?.addEventListener("abort", finish);
    });
  }
}
