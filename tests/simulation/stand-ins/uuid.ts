import { activeSimulation } from "../engine/active-simulation.ts";

/** A UUID v4 of the run's own chance. */
export function simulatedUuid(): string {
  const { ids } = activeSimulation();
  const hex = Array.from({ length: 32 }, () => ids.between(0, 15).toString(16)).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
