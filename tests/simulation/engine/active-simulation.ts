import type { Simulation } from "./simulation.ts";

let active: Simulation | undefined;

/** The simulation that runs in this process; there is one at a time. */
export function activeSimulation(): Simulation {
  if (active === undefined) throw new Error("no simulation runs");
  return active;
}

/** Makes a simulation the one that runs. */
export function activate(simulation: Simulation): void {
  active = simulation;
}
