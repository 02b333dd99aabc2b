import type { Chance } from "../engine/chance.ts";
import type { Simulation } from "../engine/simulation.ts";
import type { RedisMemory } from "./fault-driver.ts";

/** What befalls Redis or the venue, and with it everybody. */
export const SERVER_FAULTS = [
  "redis_restart",
  "redis_hang",
  "redis_slow",
  "redis_emptied",
  "venue_errors",
  "venue_down",
  "venue_slow",
  "streams_stall",
  "streams_repeat",
  "redis_rolled_back",
] as const;
export type ServerFault = (typeof SERVER_FAULTS)[number];

interface Breaking {
  readonly simulation: Simulation;
  readonly chance: Chance;
  readonly memory: RedisMemory;
  /** Something is broken for so long, and mended then. */
  lasting(ms: number, mend: () => void): void;
  setErrors(rate: number): void;
  errorsAfterwards(): number;
}

const nothing = () => undefined;

/** Breaks Redis, the venue or its streams, for a while. */
export function breakServers(fault: ServerFault, parts: Breaking): void {
  BREAK[fault](parts);
}

const BREAK: Readonly<Record<ServerFault, (parts: Breaking) => void>> = {
  redis_restart: ({ simulation, chance, lasting }) => {
    const ms = chance.pick([20, 300, 2000]);
    simulation.redisNetwork.restart(ms, "kept");
    lasting(ms, nothing);
  },
  redis_emptied: ({ simulation, chance, memory, lasting }) => {
    const ms = chance.pick([20, 300, 2000]);
    simulation.redisNetwork.restart(ms, "emptied");
    memory.lost();
    lasting(ms, nothing);
  },
  // An append-only file that is written once a second: it crashes with up to that much not yet on disk.
  redis_rolled_back: ({ simulation, chance, memory, lasting }) => {
    const { timeline, redisNetwork } = simulation;
    const unwrittenMs = chance.pick([20, 200, 1000]);
    const downMs = chance.pick([20, 300, 2000]);
    const onDiskUs = timeline.nowUs;
    redisNetwork.keepOnDisk();
    let due = true;
    lasting(unwrittenMs + downMs, () => {
      due = false;
    });
    timeline.after(unwrittenMs * 1000, timeline.nobody, "Redis crashes", () => {
      if (!due || !redisNetwork.isKept(onDiskUs)) return;
      redisNetwork.restart(downMs, "rolled_back");
      memory.rolledBack(onDiskUs);
    });
  },
  redis_hang: ({ simulation, chance, lasting }) => {
    const { timeline, redisNetwork } = simulation;
    const ms = chance.pick([100, 450, 700, 4000]);
    redisNetwork.hungUntilUs = timeline.nowUs + ms * 1000;
    lasting(ms, () => {
      redisNetwork.hungUntilUs = 0;
    });
  },
  redis_slow: ({ simulation: { redisNetwork }, chance, lasting }) => {
    redisNetwork.latency.slow = chance.pick([0.02, 0.2]);
    lasting(chance.between(500, 4000), () => {
      redisNetwork.latency.slow = 0;
    });
  },
  venue_slow: ({ simulation: { venueNetwork }, chance, lasting }) => {
    venueNetwork.latency.slow = chance.pick([0.05, 0.4]);
    lasting(chance.between(500, 6000), () => {
      venueNetwork.latency.slow = 0;
    });
  },
  venue_down: ({ simulation: { timeline, venueNetwork }, chance, lasting }) => {
    const ms = chance.pick([300, 2000, 5000]);
    venueNetwork.downUntilUs = timeline.nowUs + ms * 1000;
    lasting(ms, () => {
      venueNetwork.downUntilUs = 0;
    });
  },
  venue_errors: ({ chance, lasting, setErrors, errorsAfterwards }) => {
    setErrors(chance.pick([0.02, 0.08, 0.16]));
    lasting(chance.between(500, 8000), () => setErrors(errorsAfterwards()));
  },
  streams_stall: ({ simulation: { streams }, chance, lasting }) => {
    streams.stalled = true;
    lasting(chance.pick([1500, 4000, 12_000]), () => {
      streams.stalled = false;
    });
  },
  streams_repeat: ({ simulation: { streams }, chance, lasting }) => {
    streams.repeated = chance.pick([0.05, 0.5]);
    lasting(chance.between(1000, 10_000), () => {
      streams.repeated = 0;
    });
  },
};
