import type { CommandContext } from "../command-context.ts";
import { SETTINGS_FOLDER } from "../operator-settings.ts";
import { filePermissions } from "./file-permissions.ts";
import type { Finding } from "./finding.ts";
import { configurationRead, haltSwitches, kernelLibrary, modeRecorded } from "./kernel-checks.ts";
import { receiveWindows } from "./receive-windows.ts";
import { redisAccess, redisCondition, redisReached, redisSettings } from "./redis-checks.ts";
import { presence, readiness, versions } from "./role-checks.ts";
import { unitStates } from "./unit-states.ts";
import { venueChecks } from "./venue-checks.ts";

type Check = (context: CommandContext) => Promise<readonly Finding[]>;

const ALWAYS: readonly Check[] = [configurationRead, redisReached];
const WITH_REDIS: readonly Check[] = [
  ...[redisSettings, redisCondition, redisAccess, kernelLibrary, modeRecorded, haltSwitches],
  ...[presence, versions, readiness, receiveWindows],
];
const ANYWAY: readonly Check[] = [venueChecks, () => filePermissions(SETTINGS_FOLDER), unitStates];

/** Looks at everything that has to be right; what Redis would have to tell is left out where it is away. */
export async function examine(context: CommandContext): Promise<readonly Finding[]> {
  const there = context.redis.state.kind === "ready";
  const findings: Finding[] = [];
  for (const check of [...ALWAYS, ...(there ? WITH_REDIS : []), ...ANYWAY]) {
    findings.push(...(await check(context)));
  }
  return findings;
}
