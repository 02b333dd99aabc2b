import { Registry } from "prom-client";
import { buildIdentity } from "../../../lib/daemon/build-identity.ts";
import { readConfiguration } from "../../../lib/daemon/configuration.ts";
import type {
  DaemonContext,
  DaemonSpec,
  SettingsOf,
  SettingsShape,
} from "../../../lib/daemon/daemon-spec.ts";
import type { Life } from "../engine/life.ts";
import type { Simulation } from "../engine/simulation.ts";

/** What a role is given by the runtime, with everything in it simulated. */
export function roleContext<Shape extends SettingsShape>(
  simulation: Simulation,
  life: Life,
  role: {
    readonly spec: Pick<DaemonSpec<Shape>, "role" | "settings" | "check">;
    readonly instance: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly beat: () => void;
  },
): DaemonContext<SettingsOf<Shape>> {
  const { spec, instance } = role;
  const chance = simulation.chance.branch(life.name);
  const stateDir = `${simulation.folder}/${life.place.name}`;
  return {
    role: spec.role,
    settings: settingsOf(spec, { QUANTUM_INSTANCE: instance, STATE_DIR: stateDir, ...role.environment }),
    instance,
    bootId: Bun.hash.wyhash(life.name, BigInt(simulation.seed)).toString(16),
    build: buildIdentity,
    stateDir,
    clock: simulation.sleepers.clockOf(life),
    random: () => chance.next(),
    registry: new Registry(),
    log: logOf(simulation, life),
    beat: role.beat,
  };
}

/** Checked as a daemon's are; kept, because the same environment comes a thousand times. */
function settingsOf<Shape extends SettingsShape>(
  spec: Pick<DaemonSpec<Shape>, "role" | "settings" | "check">,
  environment: Readonly<Record<string, string>>,
): SettingsOf<Shape> {
  return readConfiguration({ spec, environment, hostname: "simulated" });
}

/** What a life logs stands in the trace. */
export function logOf(simulation: Simulation, life: Life): DaemonContext<object>["log"] {
  const say = (level: string) => (fields: object, message: string) => {
    if (!life.alive) return;
    simulation.trace.say(simulation.timeline.nowUs, life.name, `${level} ${message} ${fieldsText(fields)}`);
  };
  const quiet = () => undefined;
  return {
    trace: quiet,
    debug: quiet,
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
    fatal: say("fatal"),
  };
}

function fieldsText(fields: object): string {
  return JSON.stringify(fields, (_name, value: unknown) =>
    value instanceof Error ? `${value.name}: ${value.message}` : value,
  );
}
