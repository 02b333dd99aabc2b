import { join } from "node:path";
import type { DaemonParts, DaemonSpec, SettingsOf, SettingsShape } from "../../../lib/daemon/daemon-spec.ts";
import type { OneshotContext } from "../../../lib/daemon/run-oneshot.ts";
import type { Life } from "../engine/life.ts";
import type { Simulation } from "../engine/simulation.ts";
import { roleContext } from "./role-context.ts";

/** How one process of a role is started. */
export interface RoleStart {
  readonly instance: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly beat: () => void;
}

/** A daemon's composition root, ready to be started as often as it takes. */
export interface Program {
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

/** Stands where a composition root calls `runDaemon`: keeps what it would run. */
export function keepDaemon<Shape extends SettingsShape>(spec: DaemonSpec<Shape>): Promise<never> {
  programs.set(spec.role, {
    beatAgeMsMax: spec.beatAgeMsMax ?? 10_000,
    build: (simulation, life, how) => spec.build(roleContext(simulation, life, { spec, ...how })),
  });
  return new Promise(() => undefined);
}

/** Stands where a composition root calls `runOneshot`. */
export function keepOneshot<Shape extends SettingsShape>(
  spec: Pick<DaemonSpec<Shape>, "role" | "settings" | "check">,
  act: (context: OneshotContext<SettingsOf<Shape>>) => Promise<number>,
): Promise<never> {
  oneshots.set(spec.role, {
    run: (simulation, life, how) => act(roleContext(simulation, life, { spec, ...how })),
  });
  return new Promise(() => undefined);
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
