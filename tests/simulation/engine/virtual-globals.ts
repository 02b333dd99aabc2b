import { activeSimulation } from "./active-simulation.ts";

/**
 * Replaces the timers and clocks of this process by those of the running simulation, once and for good: lib/redis' wire
 * client and deadline queue run on real timers by design, and here these are to be virtual too. What a process asks
 * for is kept for its life, so that a crash takes its timers with it.
 */
export function makeTimeVirtual(): void {
  Object.assign(globalThis, {
    setTimeout: (act: () => void, ms = 0) => activeSimulation().sleepers.timer(act, ms),
    clearTimeout: (timer: { cancelled: boolean } | undefined) => {
      if (timer !== undefined) timer.cancelled = true;
    },
    setInterval: () => {
      throw new Error("nothing that is simulated uses setInterval");
    },
  });
  Object.assign(performance, { now: () => activeSimulation().timeline.nowUs / 1000 });
  Object.assign(Date, { now: () => activeSimulation().wallMs() });
  Object.assign(AbortSignal, {
    timeout: (ms: number) => {
      const late = new AbortController();
      activeSimulation().sleepers.timer(() => late.abort(new DOMException("timed out", "TimeoutError")), ms);
      return late.signal;
    },
  });
}
