import { randomUUID } from "node:crypto";
import { writeSync } from "node:fs";
import { hostname } from "node:os";
import { Registry } from "prom-client";
import { z } from "zod";
import { EXIT_CODES } from "../contract/exit-codes.ts";
import type { Role } from "../contract/roles.ts";
import { createAdminApp } from "./admin-app.ts";
import { type AdminServer, serveAdmin } from "./admin-server.ts";
import { buildIdentity } from "./build-identity.ts";
import { type Clock, systemClock } from "./clock.ts";
import { answerCommandLine } from "./command-line.ts";
import { readConfiguration } from "./configuration.ts";
import type { DaemonContext, DaemonParts, DaemonSpec, SettingsOf, SettingsShape } from "./daemon-spec.ts";
import { type Environment, processEnvironment } from "./environment.ts";
import { createLogger, type Logger } from "./logger.ts";
import { collectProcess } from "./process-collector.ts";
import { ProcessExit } from "./process-exit.ts";
import { followReadiness } from "./readiness.ts";
import { reportExit } from "./report-exit.ts";
import { Secret } from "./secret.ts";
import { createServiceNotifier, type ServiceNotifier } from "./service-notifier.ts";
import { releaseStartMemory } from "./start-memory.ts";
import { lockStateFolder } from "./state-folder.ts";
import { listenForStop } from "./stop-signals.ts";

/**
 * The life of a daemon.
 *
 * - *configuring*: environment and credentials are read, the state folder is made and locked. Any fault:
 *   all of them on stderr, exit 78, nothing was started.
 * - *starting*: the role's parts are built, the admin server listens, the loop runs; not ready until every
 *   dependency was well once, however long that takes. Then READY=1.
 * - *running*: until a signal. The loop's end or failure, and any error that nobody caught, ends the process
 *   with 1: a dead task must not leave a process that looks alive.
 * - *draining*: SIGTERM or SIGINT. STOPPING=1, the loop's signal aborts, what is in flight is finished, parts
 *   close, the admin server stops last, exit 0. A second signal or DRAIN_TIMEOUT_SEC: exit 2. SIGHUP ends nothing.
 */
export async function runDaemon<Shape extends SettingsShape>(spec: DaemonSpec<Shape>): Promise<never> {
  const answer = answerCommandLine(spec.role, buildIdentity, {
    args: process.argv.slice(2),
    also: spec.alsoDoes,
  });
  if (answer !== undefined) {
    writeSync(answer.code === EXIT_CODES.clean ? 1 : 2, answer.text);
    return process.exit(answer.code);
  }
  const environment = processEnvironment();
  const clock = systemClock;
  let log: Logger | undefined;
  try {
    const settings = readConfiguration({ spec, environment, hostname: hostname() });
    const runtime = runtimeSchema.parse(settings);
    const stateDir = stateFolderOf(spec.role, runtime);
    await lockStateFolder(stateDir, runtime.QUANTUM_INSTANCE);
    const { LOG_LEVEL: level, QUANTUM_INSTANCE: instance } = runtime;
    log = createLogger({ role: spec.role, instance, level });
    endOnUncaught(log);
    await live({ spec, settings, runtime, environment, clock, log, stateDir });
    return process.exit(EXIT_CODES.clean);
  } catch (error) {
    return process.exit(reportExit(spec.role, error, log));
  }
}

/** The common settings that the runtime itself needs, whatever shape the role gave them. */
const runtimeSchema = z.object({
  TRADING_MODE: z.string(),
  QUANTUM_INSTANCE: z.string(),
  ADMIN_HOST: z.string(),
  ADMIN_PORT: z.number(),
  ADMIN_TOKEN: z.instanceof(Secret).optional(),
  STATE_DIR: z.string().optional(),
  STATE_DIRECTORY: z.string().optional(),
  LOG_LEVEL: z.string(),
  DRAIN_TIMEOUT_SEC: z.number(),
});
type RuntimeSettings = z.output<typeof runtimeSchema>;

interface Life<Shape extends SettingsShape> {
  readonly spec: DaemonSpec<Shape>;
  readonly settings: SettingsOf<Shape>;
  readonly runtime: RuntimeSettings;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly log: Logger;
  readonly stateDir: string;
}

/** From starting to the end of draining. */
async function live<Shape extends SettingsShape>(life: Life<Shape>): Promise<void> {
  const { spec, runtime, clock, log } = life;
  const startedAtMs = clock.nowMs();
  const registry = new Registry();
  const bootId = randomUUID();
  const notifier = await createServiceNotifier({
    environment: life.environment,
    pid: process.pid,
    monotonicMs: () => clock.monotonicMs(),
    onFailure: (message, errno) => log.warn({ message, errno }, "the service manager was not reached"),
  });
  const signal = listenForStop({
    log,
    drainTimeoutMs: runtime.DRAIN_TIMEOUT_SEC * 1000,
    onStop: () => notifier.stopping(),
    onForce: (why) => {
      log.error({ why }, "forced end");
      process.exit(EXIT_CODES.forced);
    },
  });
  const heart = createHeart(clock, notifier);
  const collector = collectProcess(registry, { role: spec.role, build: buildIdentity, startedAtMs });
  const parts = await spec.build(contextOf(life, { registry, bootId, beat: heart.beat }));
  const server = startAdmin(life, parts, { registry, bootId, beatAgeMs: heart.ageMs });
  log.info({ ...buildIdentity, mode: runtime.TRADING_MODE, bootId, admin: server.url }, "started");
  const stopped = new AbortController();
  const ending = AbortSignal.any([signal, stopped.signal]);
  const onReady = () => void releaseStartMemory({ clock, release: Bun.shrink }, ending);
  const readiness = followReadiness(
    {
      ...{ dependencies: () => parts.dependencies(), notifier, log, registry, clock },
      onReady: spec.givesStartMemoryBack ? onReady : undefined,
    },
    ending,
  );
  try {
    await Promise.race([runToEnd(parts, signal), readiness.then(() => new Promise<never>(() => undefined))]);
    await parts.close?.();
  } finally {
    stopped.abort();
    collector.stop();
    await server.stop();
  }
  log.info({}, "stopped");
}

async function runToEnd(parts: DaemonParts, signal: AbortSignal): Promise<void> {
  await parts.run(signal);
  if (signal.aborted) return;
  throw new ProcessExit(EXIT_CODES.crash, "the role's loop ended although nobody asked it to");
}

function contextOf<Shape extends SettingsShape>(
  life: Life<Shape>,
  made: { readonly registry: Registry; readonly bootId: string; readonly beat: () => void },
): DaemonContext<SettingsOf<Shape>> {
  return {
    ...made,
    role: life.spec.role,
    settings: life.settings,
    instance: life.runtime.QUANTUM_INSTANCE,
    build: buildIdentity,
    stateDir: life.stateDir,
    clock: life.clock,
    random: Math.random,
    log: life.log,
  };
}

function startAdmin<Shape extends SettingsShape>(
  life: Life<Shape>,
  parts: DaemonParts,
  made: { readonly registry: Registry; readonly bootId: string; readonly beatAgeMs: () => number },
): AdminServer {
  const { spec, runtime } = life;
  const beatAgeMsMax = spec.beatAgeMsMax ?? 10_000;
  const app = createAdminApp({
    role: spec.role,
    instance: runtime.QUANTUM_INSTANCE,
    token: runtime.ADMIN_TOKEN,
    registry: made.registry,
    log: life.log,
    nowMs: () => life.clock.nowMs(),
    settings: life.settings,
    health() {
      const beatAgeMs = Math.round(made.beatAgeMs());
      return { ok: beatAgeMs <= beatAgeMsMax, beatAgeMs, beatAgeMsMax };
    },
    dependencies: () => parts.dependencies(),
    version: () => ({
      ...buildIdentity,
      role: spec.role,
      mode: runtime.TRADING_MODE,
      account: parts.account?.() ?? "",
      bootId: made.bootId,
    }),
    routes: parts.routes,
    audit: parts.audit === undefined ? undefined : (entry) => parts.audit?.(entry) ?? Promise.resolve(),
  });
  return serveAdmin(app, { host: runtime.ADMIN_HOST, port: runtime.ADMIN_PORT }, parts.openSurface);
}

/** Age of the last beat; the start counts as one. */
function createHeart(clock: Clock, notifier: ServiceNotifier) {
  let lastBeat = clock.monotonicMs();
  return {
    beat: () => {
      lastBeat = clock.monotonicMs();
      notifier.beat();
    },
    ageMs: () => clock.monotonicMs() - lastBeat,
  };
}

function stateFolderOf(role: Role, runtime: RuntimeSettings): string {
  // systemd separates several folders by colons; ours is the first.
  const systemd = runtime.STATE_DIRECTORY?.split(":", 1)[0];
  return runtime.STATE_DIR ?? systemd ?? `/var/lib/quantum/${role}`;
}

function endOnUncaught(log: Logger): void {
  const end = (error: unknown) => {
    log.fatal({ err: error }, "an error that nobody caught");
    process.exit(EXIT_CODES.crash);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}
