import type { Role } from "../../contract/roles.ts";
import type { CommandContext } from "../command-context.ts";
import { examine } from "../doctor/examine.ts";
import { absentRoles } from "../needed-roles.ts";
import { readRoles } from "../read-roles.ts";
import { readHalt, readText } from "../read-safety.ts";

const FIRST_BEAT_MS = 2000;
const POLL_MS = 100;

/** Why there is no drill in this mode, or undefined. */
export async function modeObstacle(context: CommandContext): Promise<string | undefined> {
  const recorded = await readText(context, context.keys.mode);
  if (context.mode === "LIVE" || recorded === "LIVE")
    return "this is LIVE: a drill closes real positions at market. Drill on paper or testnet.";
  if (recorded === undefined || recorded === context.mode) return undefined;
  return `this Redis belongs to mode ${recorded} and TRADING_MODE is ${context.mode}`;
}

/** What stands in the way of a drill, in words. */
export async function obstacles(context: CommandContext): Promise<readonly string[]> {
  const missing = await missingRoles(context);
  const { halted } = await readHalt(context);
  const told: readonly string[] = missing;
  const faults = (await examine(context)).filter(
    ({ verdict, check }) => verdict === "fault" && !told.includes(check),
  );
  return [
    ...(halted ? ["trading is halted already: quantumctl halt status"] : []),
    ...missing.map((role) => `${role} is not alive: systemctl start quantum-${role}`),
    ...faults.map((finding) => `${finding.check}: ${finding.what} → ${finding.hint}`),
  ];
}

/** The needed roles without a beat; one that has just started gets the time for its first. */
async function missingRoles(context: CommandContext): Promise<readonly Role[]> {
  const until = context.clock.monotonicMs() + FIRST_BEAT_MS;
  for (;;) {
    const missing = absentRoles(await readRoles(context));
    if (missing.length === 0 || context.signal.aborted || context.clock.monotonicMs() > until) return missing;
    await context.clock.sleep(POLL_MS, context.signal);
  }
}
