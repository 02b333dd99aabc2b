import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileRole } from "../../support/compile-role.ts";
import { type DaemonProcess, startDaemon } from "../../support/daemon-process.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { type MonitoringStage, openMonitoringStage } from "./monitoring-stage.ts";

/** The compiled exporter on a Redis of its own, scraped by a real Prometheus. */
export interface ExporterStage extends AsyncDisposable {
  readonly redis: RedisServer;
  readonly monitoring: MonitoringStage;
  /** The exporter's own address. */
  readonly url: string;
  stopExporter(): Promise<void>;
  /** On the address that Prometheus knows. */
  startExporter(): Promise<void>;
}

/** Calls `fill` before the exporter first looks. Samples and scrapes once a second. */
export async function openExporterStage(fill: (redis: RedisServer) => Promise<void>): Promise<ExporterStage> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "quantum-exporter-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const binary = await compileRole(folder, "safety-telemetry");
  const redis = stack.use(await startRedisServer({ aof: true }));
  await fill(redis);
  let exporter: DaemonProcess | undefined;
  let port = "0";
  const startExporter = async () => {
    const environment = { REDIS_URL: redis.url, ADMIN_PORT: port, SAMPLE_INTERVAL_SEC: "1" };
    exporter = await startDaemon({ command: [binary], environment });
    port = new URL(await exporter.url()).port;
  };
  const stopExporter = async () => {
    await exporter?.[Symbol.asyncDispose]();
    exporter = undefined;
  };
  stack.defer(stopExporter);
  await startExporter();
  const monitoring = stack.use(await openMonitoringStage(`127.0.0.1:${port}`));
  const all = stack.move();
  return {
    ...{ redis, monitoring, startExporter, stopExporter, url: `http://127.0.0.1:${port}` },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
