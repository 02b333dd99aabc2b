import { FAULTS, type Fault, type FaultHands } from "./faults.ts";

export interface FaultEvent {
  readonly minute: number;
  readonly fault: string;
  readonly detail: string;
}

/** Faults at random times, one after another. */
export interface FaultSchedule {
  readonly events: readonly FaultEvent[];
  /** Faults that could not be made as they are meant. */
  readonly failures: readonly string[];
  /** Ends it, once the present fault is over. */
  stop(): Promise<void>;
}

/** Mean time between the end of a fault and the next, ms. */
const PAUSE_MS = 6000;

/** `now` is minutes since the start of the run; faults that end lives stop at `killsUntil`. */
export function startFaults(options: {
  readonly hands: FaultHands;
  readonly now: () => number;
  readonly killsUntil: number;
  readonly say: (line: string) => void;
}): FaultSchedule {
  const { hands, now } = options;
  const events: FaultEvent[] = [];
  const failures: string[] = [];
  const ending = Promise.withResolvers<void>();
  let going = true;
  const run = (async () => {
    while (going) {
      await Promise.race([Bun.sleep(-Math.log(1 - hands.random()) * PAUSE_MS), ending.promise]);
      if (!going) return;
      const minute = now();
      const fault = choose(
        FAULTS.filter(({ kills }) => !kills || minute < options.killsUntil),
        hands.random,
      );
      const detail = await fault.run(hands).catch((error: unknown) => {
        failures.push(`${fault.name}: ${error}`);
        return "failed";
      });
      events.push({ minute, fault: fault.name, detail });
      options.say(`${minute.toFixed(1).padStart(6)} min  ${fault.name} ${detail}`);
    }
  })();
  return {
    events,
    failures,
    stop: async () => {
      going = false;
      ending.resolve();
      await run;
    },
  };
}

function choose(faults: readonly Fault[], random: () => number): Fault {
  let at = random() * faults.reduce((sum, { weight }) => sum + weight, 0);
  for (const fault of faults) {
    at -= fault.weight;
    if (at < 0) return fault;
  }
  throw new Error("no fault to choose");
}
