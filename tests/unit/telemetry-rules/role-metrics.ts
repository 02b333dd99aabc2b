import { Registry } from "prom-client";
import { createWatchdogMetrics } from "../../../lib/emergency/watchdog/metrics.ts";
import { createExitMetrics } from "../../../lib/exits/metrics.ts";

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
  return new Set(registry.getMetricsAsArray().map(({ name }) => name));
}
