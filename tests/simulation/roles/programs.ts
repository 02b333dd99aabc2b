import { join } from "node:path";
import type { Role } from "../../../lib/contract/roles.ts";
import type { DaemonParts } from "../../../lib/daemon/daemon-spec.ts";
import type { Life } from "../engine/life.ts";
import type { Simulation } from "../engine/simulation.ts";

/** How one process of a role is started. */
export interface RoleStart {
  readonly instance: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly beat: () => void;
}

/** A daemon's composition root, ready to be started as often as it takes. */
export interface Program {
  readonly role: Role;
  /** Silence of its beats that its own health calls a hang, ms. */
  readonly beatAgeMsMax: number;
  build(simulation: Simulation, life: Life, how: RoleStart): DaemonParts | Promise<DaemonParts>;
}

/** A oneshot's; resolves to its exit code. */
export interface Oneshot {
  run(simulation: Simulation, life: Life, how: RoleStart): Promise<number>;
}

const programs = new Map<string, Program>();
const oneshots = new Map<string, Oneshot>();

/** What the composition root of a role builds, when it calls `runDaemon`. */
export function keepProgram(role: string, program: Program): void {
  programs.set(role, program);
}

/** The same of `runOneshot`. */
export function keepOneshot(role: string, oneshot: Oneshot): void {
  oneshots.set(role, oneshot);
}

const ROOTS = [
  "ai-strategy-router",
  "execution",
  "exit-brain",
  "exit-brain-watchdog",
  "emergency-exit-worker",
  "stream-recover",
];

/**
 * Loads the very programs of cmd/, once a process. They build what they always build; what reaches outside, `fetch`,
 * sockets, timers, finds the simulation there.
 */
export async function loadPrograms(): Promise<void> {
  process.argv.splice(2);
  for (const name of ROOTS) await import(join(import.meta.dir, "..", "..", "..", "cmd", `${name}.ts`));
}

export function programOf(role: string): Program {
  const program = programs.get(role);
  if (program === undefined) throw new Error(`no composition root of ${role} was loaded`);
  return program;
}

export function oneshotOf(role: string): Oneshot {
  const oneshot = oneshots.get(role);
  if (oneshot === undefined) throw new Error(`no composition root of ${role} was loaded`);
  return oneshot;
}
