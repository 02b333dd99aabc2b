import type { DaemonParts } from "../../../lib/daemon/daemon-spec.ts";
import type { Life } from "../engine/life.ts";
import type { Simulation } from "../engine/simulation.ts";

/** How one process of a role is started. */
export interface RoleStart {
  readonly instance: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly beat: () => void;
}

/** A composition root of cmd/, with everything outside of the role simulated. */
export type RoleBuild = (
  simulation: Simulation,
  life: Life,
  how: RoleStart,
) => DaemonParts | Promise<DaemonParts>;
