import { Gauge, type Registry } from "prom-client";
import type { Clock } from "./clock.ts";
import type { Dependency } from "./daemon-spec.ts";
import type { Logger } from "./logger.ts";
import type { ServiceNotifier } from "./service-notifier.ts";

interface ReadinessOptions {
  readonly dependencies: () => readonly Dependency[];
  readonly notifier: ServiceNotifier;
  readonly log: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
  /** Called once, when READY=1 was said. */
  readonly onReady?: (() => void) | undefined;
}

/** Often at first, since most starts take milliseconds; rarely when something is away for longer. */
const STARTING_EVERY_MS = 2;
const STARTING_LOOKS_MAX = 500;
const WAITING_EVERY_MS = 100;
const STARTED_EVERY_MS = 1000;

/**
 * Follows the dependencies until the signal aborts: READY=1 when all are well for the first time, a status line
 * and a log line whenever one changes. Losing one later does not take READY back: the process is alive and
 * waits; `/readyz` says what for.
 */
export async function followReadiness(options: ReadinessOptions, signal: AbortSignal): Promise<void> {
  const { log, notifier } = options;
  const readyGauge = dependencyGauge(options);
  let everReady = false;
  let before = "";
  let looks = 0;
  while (!signal.aborted) {
    const failing = options.dependencies().filter((dependency) => !dependency.ok);
    const status = failing.length === 0 ? "ready" : `waits for ${failing.map(describe).join("; ")}`;
    if (failing.length === 0 && !everReady) {
      everReady = true;
      notifier.ready(status);
      options.onReady?.();
    } else notifier.status(status);
    // Details may change with every attempt; the log line is for the set of what is failing.
    const names = failing.map((dependency) => dependency.name).join(",") || "ready";
    if (names !== before) {
      before = names;
      if (failing.length === 0) log.info({}, "ready");
      else log.warn({ waitsFor: failing }, everReady ? "not ready any more" : "not ready yet");
    }
    readyGauge.set(failing.length === 0 ? 1 : 0);
    looks += 1;
    const startingMs = looks < STARTING_LOOKS_MAX ? STARTING_EVERY_MS : WAITING_EVERY_MS;
    await options.clock.sleep(everReady ? STARTED_EVERY_MS : startingMs, signal);
  }
}

const describe = (dependency: Dependency): string => `${dependency.name} (${dependency.detail})`;

function dependencyGauge({ registry, dependencies }: ReadinessOptions): Gauge {
  new Gauge({
    name: "quantum_dependency_up",
    help: "1 while the dependency is well.",
    labelNames: ["dependency"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, ok } of dependencies()) this.set({ dependency: name }, ok ? 1 : 0);
    },
  });
  return new Gauge({
    name: "quantum_ready",
    help: "1 while every dependency is well.",
    registers: [registry],
  });
}
