import type { Role } from "../../contract/roles.ts";
import type { Desk } from "../desk.ts";
import { examine } from "../doctor/examine.ts";
import { readRoles } from "../read-roles.ts";
import { readHalt, readText } from "../read-safety.ts";

const NEEDED: Readonly<Record<"panic" | "brain", readonly Role[]>> = {
  panic: ["ai-strategy-router", "execution", "emergency-exit-worker"],
  brain: [
    ...(["ai-strategy-router", "execution", "emergency-exit-worker"] as const),
    ...(["exit-brain", "exit-brain-watchdog"] as const),
  ],
};

const FIRST_BEAT_MS = 2000;
const POLL_MS = 100;

/** Why there is no drill in this mode, or undefined. */
export async function modeObstacle(desk: Desk): Promise<string | undefined> {
  const recorded = await readText(desk, desk.keys.mode);
  if (desk.mode === "LIVE" || recorded === "LIVE")
    return "this is LIVE: a drill closes real positions at market. Drill on paper or testnet.";
  if (recorded === undefined || recorded === desk.mode) return undefined;
  return `this Redis belongs to mode ${recorded} and TRADING_MODE is ${desk.mode}`;
}

/** What stands in the way of a drill, in words. */
export async function obstacles(desk: Desk, kind: "panic" | "brain"): Promise<readonly string[]> {
  const missing = await missingRoles(desk, NEEDED[kind]);
  const { halted } = await readHalt(desk);
  const faults = (await examine(desk)).filter((finding) => finding.verdict === "fault");
  return [
    ...(halted ? ["trading is halted already: quantumctl halt status"] : []),
    ...missing.map((role) => `${role} is not alive: systemctl start quantum-${role}`),
    ...faults.map((finding) => `${finding.check}: ${finding.what} → ${finding.hint}`),
  ];
}

/** The needed roles without a beat; one that has just started gets the time for its first. */
async function missingRoles(desk: Desk, needed: readonly Role[]): Promise<readonly Role[]> {
  const until = desk.clock.monotonicMs() + FIRST_BEAT_MS;
  for (;;) {
    const alive = new Set((await readRoles(desk)).map((role) => role.role));
    const missing = needed.filter((role) => !alive.has(role));
    if (missing.length === 0 || desk.signal.aborted || desk.clock.monotonicMs() > until) return missing;
    await desk.clock.sleep(POLL_MS, desk.signal);
  }
}
