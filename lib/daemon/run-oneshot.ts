import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { z } from "zod";
import type { ExitCode } from "../contract/exit-codes.ts";
import { type Clock, systemClock } from "./clock.ts";
import { readConfiguration } from "./configuration.ts";
import type { DaemonSpec, SettingsOf, SettingsShape } from "./daemon-spec.ts";
import { processEnvironment } from "./environment.ts";
import { createLogger, type Logger } from "./logger.ts";
import { reportExit } from "./report-exit.ts";

/** What a oneshot gets from the runtime. Nothing else reads time, environment or random. */
export interface OneshotContext<Settings> {
  readonly settings: Settings;
  readonly instance: string;
  readonly bootId: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/**
 * The life of a oneshot: the configuration is read as a daemon's is (any fault: all of them on stderr, exit 78,
 * nothing was done), then `act` runs once and its exit code is the process's. What it throws is logged and ends it
 * with 1. It has no admin server, no state folder and no readiness.
 */
export async function runOneshot<Shape extends SettingsShape>(
  spec: Pick<DaemonSpec<Shape>, "role" | "settings" | "check">,
  act: (context: OneshotContext<SettingsOf<Shape>>) => Promise<ExitCode>,
): Promise<never> {
  let log: Logger | undefined;
  try {
    const environment = processEnvironment();
    const settings = readConfiguration({ spec, environment, hostname: hostname() });
    const { QUANTUM_INSTANCE: instance, LOG_LEVEL: level } = loggedSchema.parse(settings);
    log = createLogger({ role: spec.role, instance, level });
    const common = { bootId: randomUUID(), clock: systemClock, random: Math.random };
    return process.exit(await act({ settings, instance, log, ...common }));
  } catch (error) {
    return process.exit(reportExit(spec.role, error, log));
  }
}

const loggedSchema = z.object({ QUANTUM_INSTANCE: z.string(), LOG_LEVEL: z.string() });
