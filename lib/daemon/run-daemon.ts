import type { DaemonSpec, SettingsShape } from "./daemon-spec.ts";

/** The whole life of a daemon, from the environment to the exit code. Never returns normally. */
export function runDaemon<Shape extends SettingsShape>(_spec: DaemonSpec<Shape>): Promise<never> {
  throw new Error("not there yet");
}
