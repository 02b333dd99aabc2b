import type { DaemonSpec, SettingsOf, SettingsShape } from "../../../lib/daemon/daemon-spec.ts";
import type { OneshotContext } from "../../../lib/daemon/run-oneshot.ts";
import { keepOneshot, keepProgram } from "../roles/programs.ts";
import { roleContext } from "../roles/role-context.ts";

const NEVER = new Promise<never>(() => undefined);

/** Stands where a composition root calls `runDaemon`: keeps what it would run. */
export function keepDaemon<Shape extends SettingsShape>(spec: DaemonSpec<Shape>): Promise<never> {
  keepProgram(spec.role, {
    role: spec.role,
    beatAgeMsMax: spec.beatAgeMsMax ?? 10_000,
    build: (simulation, life, how) => spec.build(roleContext(simulation, life, { spec, ...how })),
  });
  return NEVER;
}

/** Stands where one calls `runOneshot`. */
export function keepAct<Shape extends SettingsShape>(
  spec: Pick<DaemonSpec<Shape>, "role" | "settings" | "check">,
  act: (context: OneshotContext<SettingsOf<Shape>>) => Promise<number>,
): Promise<never> {
  keepOneshot(spec.role, {
    run: (simulation, life, how) => act(roleContext(simulation, life, { spec, ...how })),
  });
  return NEVER;
}
