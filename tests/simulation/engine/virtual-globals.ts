import { activeSimulation } from "./active-simulation.ts";

/**
 * Replaces the timers, clocks and ways out of this process by those of the running simulation, once and for good. What
 * the programs of cmd/ and lib/redis take from the runtime is then simulated too, and belongs to the life that runs
 * when it asks, so that a crash takes it along.
 */
export function makeRuntimeVirtual(): void {
  Object.assign(globalThis, {
    setTimeout: (act: () => void, ms = 0) => activeSimulation().sleepers.timer(act, ms),
    clearTimeout: (timer: { cancelled: boolean } | undefined) => {
      if (timer !== undefined) timer.cancelled = true;
    },
    setInterval: () => {
      throw new Error("nothing that is simulated uses setInterval");
    },
    fetch: (url: string, init?: RequestInit & { readonly unix?: string }) => {
      const simulation = activeSimulation();
      return simulation.fetch(simulation.timeline.current, url, init);
    },
    WebSocket: class {
      constructor(url: string) {
        const simulation = activeSimulation();
        // A constructor that returns an object makes that object.
        // biome-ignore lint/correctness/noConstructorReturn: it stands in for a class of the runtime
        return simulation.openSocket(simulation.timeline.current, url);
      }
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
