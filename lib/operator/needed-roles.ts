import type { Role } from "../contract/roles.ts";
import type { RoleReading } from "./read-roles.ts";

/** Without one of these entries are not judged, exits not carried out, or nobody would close what is open. */
const NEEDED_ROLES = [
  ...(["ai-strategy-router", "execution", "exit-brain", "exit-brain-watchdog"] as const),
  "emergency-exit-worker",
] as const satisfies readonly Role[];

/** The needed roles of which no instance is alive, on whatever machine. */
export function absentRoles(alive: readonly Pick<RoleReading, "role">[]): readonly Role[] {
  return NEEDED_ROLES.filter((needed) => !alive.some(({ role }) => role === needed));
}
