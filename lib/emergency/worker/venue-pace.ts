/**
 * How fast a panic asks the venue: as fast as its limits take, never faster.
 *
 * 1. At most `atOnceMax` requests of one kind are under way.
 * 2. A request that would break a limit waits for the limit's end instead of being refused; what has its turn
 *    and is not sent yet is counted.
 * 3. What may wait has turns of its own: cancels that hang hold up no close.
 */
import type { RequestCost } from "../../exchange/request-budget.ts";
import type { PanicVenue, WorkerClock } from "./worker-parts.ts";

/** Longest sleep before the limits are looked at again, ms: a reply's headers may have changed them. */
const LOOK_EVERY_MS = 250;

type Turn = "next" | "may wait";

interface Line {
  running: number;
  readonly waiting: (() => void)[];
}

export interface VenuePace {
  /**
   * Runs `task` when it has its turn. The task calls `sending` in the same breath as the request itself.
   * Resolves to undefined when the signal aborts before.
   */
  run<T>(cost: RequestCost, task: (sending: () => void) => Promise<T>, turn?: Turn): Promise<T | undefined>;
}

/** Nothing is asked by making one. */
export function createVenuePace(options: {
  readonly venue: Pick<PanicVenue, "admit">;
  readonly clock: WorkerClock;
  readonly atOnceMax: number;
  readonly signal: AbortSignal;
  /** A request was answered, or one waits for a limit's end: something goes on. */
  readonly progress: () => void;
}): VenuePace {
  const { venue, clock, signal } = options;
  const reserved = { weight: 0, orders: 0 };
  const lines: Readonly<Record<Turn, Line>> = {
    next: { running: 0, waiting: [] },
    "may wait": { running: 0, waiting: [] },
  };

  async function takeSlot(line: Line): Promise<void> {
    if (line.running < options.atOnceMax) {
      line.running += 1;
      return;
    }
    // The slot is handed over by whoever leaves it.
    await new Promise<void>((resolve) => line.waiting.push(resolve));
  }

  function leaveSlot(line: Line): void {
    const next = line.waiting.shift();
    if (next === undefined) line.running -= 1;
    else next();
  }

  async function admitted(cost: RequestCost): Promise<boolean> {
    while (!signal.aborted) {
      const all = { weight: reserved.weight + cost.weight, orders: reserved.orders + cost.orders };
      // What costs nothing of a kind must not wait for what others hold of it.
      const asked = {
        weight: cost.weight === 0 ? 0 : all.weight,
        orders: cost.orders === 0 ? 0 : all.orders,
      };
      const admission = venue.admit("exit", asked);
      options.progress();
      if (admission.kind === "ok") return true;
      await clock.sleep(
        admission.kind === "wait" ? Math.min(admission.ms, LOOK_EVERY_MS) : LOOK_EVERY_MS,
        signal,
      );
    }
    return false;
  }

  return {
    async run(cost, task, turn = "next") {
      const line = lines[turn];
      await takeSlot(line);
      let held = false;
      const release = () => {
        if (!held) return;
        held = false;
        reserved.weight -= cost.weight;
        reserved.orders -= cost.orders;
      };
      try {
        if (!(await admitted(cost))) return undefined;
        held = true;
        reserved.weight += cost.weight;
        reserved.orders += cost.orders;
        return await task(release);
      } finally {
        release();
        leaveSlot(line);
        options.progress();
      }
    },
  };
}
