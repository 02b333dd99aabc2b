import { join } from "node:path";
import type { Daemon } from "../stack/daemon.ts";
import type { EmergencyChain } from "../stack/emergency-chain.ts";
import type { TradingStack } from "../stack/trading-stack.ts";
import { startExporter } from "../telemetry/exporter-daemon.ts";
import { type MonitoringServer, startPrometheus } from "../telemetry/monitoring-server.ts";
import { writePrometheusFiles } from "../telemetry/prometheus-files.ts";

/** The exporter and a real Prometheus with the shipped rules, beside a running demonstration. */
export interface Monitoring {
  readonly exporter: Daemon;
  readonly prometheus: MonitoringServer;
  stop(): Promise<void>;
}

/** A scrape that nobody answers: the role does not run in this demonstration. */
const NOBODY = "127.0.0.1:9";

/**
 * Starts both and waits until they answer. `hurry` divides every interval and hold of the rules, expressions stay.
 * Alerts are shown and sent to nobody: an Alertmanager of this machine is not for demonstrations. Throws with
 * Prometheus' own words when it is not installed or the port is taken.
 */
export async function startMonitoring(
  stack: TradingStack,
  chain: EmergencyChain | undefined,
  options: { readonly binaries: string; readonly port: number; readonly hurry: number },
): Promise<Monitoring> {
  if (Bun.which("prometheus") === null)
    throw new Error("--monitor: there is no prometheus here; apt-get install prometheus");
  const { binaries, port, hurry } = options;
  const exporter = await startExporter(stack, { binaries, sampleSec: hurry === 1 ? 15 : 1 });
  const running = [...Object.values(stack.daemons), ...Object.values(chain?.daemons ?? {})];
  const hostOf = ({ url }: { readonly url: string }) => new URL(url).host;
  const folder = join(stack.folder, "prometheus");
  writePrometheusFiles(folder, {
    ...{ divisor: hurry, exporter: hostOf(exporter), alertmanager: undefined },
    roleAddress: (role) => {
      const daemon = running.find((one) => one.role === role);
      return daemon === undefined ? NOBODY : hostOf(daemon);
    },
  });
  try {
    const prometheus = await startPrometheus(join(folder, "prometheus.yml"), port);
    const stop = async () => {
      await prometheus[Symbol.asyncDispose]();
      await exporter.stop();
    };
    return { exporter, prometheus, stop };
  } catch (error) {
    await exporter.stop();
    throw error;
  }
}

/** What to look at, and the way to an alert. */
export function monitoringLines({ exporter, prometheus }: Monitoring, hurry: number): string {
  const { url } = prometheus;
  const soon = hurry === 1 ? "pending at once, firing after a minute" : `${hurry} times as fast as shipped`;
  return `  status page   ${exporter.url}/
  prometheus    ${url}/alerts
  curl -s ${exporter.url}/metrics
  curl -s ${exporter.url}/v1/status
  curl -s '${url}/api/v1/query?query=quantum_safety_safe_mode'
  curl -s ${url}/api/v1/alerts   # QuantumSafeModeActive: turn safe mode on as below, ${soon}`;
}
