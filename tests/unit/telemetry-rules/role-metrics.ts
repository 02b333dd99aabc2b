import { Registry } from "prom-client";
import { createAuditMetrics } from "../../../lib/auditing/metrics.ts";
import { createWatchdogMetrics } from "../../../lib/emergency/watchdog/metrics.ts";
import { createWorkerMetrics } from "../../../lib/emergency/worker/metrics.ts";
import { createExecutionMetrics } from "../../../lib/execution/metrics.ts";
import { createExitMetrics } from "../../../lib/exits/metrics.ts";
import { createRouterMetrics } from "../../../lib/routing/metrics.ts";

const never = () => {
  throw new Error("nobody scrapes here");
};

/** Metrics that roles show on their own /metrics and rules read there, as the roles themselves register them. */
export function roleMetrics(): ReadonlySet<string> {
  const registry = new Registry();
  createWatchdogMetrics(registry, {
    ...{ state: never, heartbeatAgeMs: never, positions: never, redisSilentMs: never },
    ...{ venueSilentMs: never, latched: never, brainHealthy: never },
  });
  createExitMetrics(registry);
  createRouterMetrics(registry);
  createExecutionMetrics(registry);
  createAuditMetrics(registry, never);
  const worker = {
    ...{ halted: never, runningSinceMs: never, waitingForRedis: never, unwritten: never },
    ...{ dustPositions: never, nowMs: never },
  };
  createWorkerMetrics(registry, worker, never);
  return new Set(registry.getMetricsAsArray().map(({ name }) => name));
}
