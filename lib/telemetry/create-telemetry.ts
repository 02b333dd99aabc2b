import { Hono } from "hono";
import { keysOf } from "../contract/keys.ts";
import type { DaemonContext, DaemonParts } from "../daemon/daemon-spec.ts";
import { runTogether } from "../daemon/run-together.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { keepRoleBeat } from "../redis/role-beat.ts";
import { createCollectors } from "./collectors.ts";
import type { DiskSpace } from "./disk-space.ts";
import { createMetricBoard, type MetricBoard } from "./metric-board.ts";
import { RedisWatch } from "./redis-watch.ts";
import { createSampler, type Sampler } from "./sampler.ts";
import { keepSampling } from "./sampling-loop.ts";
import { kernelLimits, type TelemetrySettings } from "./settings.ts";
import { StatusBoard } from "./status/status-board.ts";
import { statusSurface } from "./status/status-surface.ts";
import { statusView } from "./status/status-view.ts";
import { wireForm } from "./status/wire-form.ts";

/**
 * The telemetry exporter. It reads; the one thing that it writes is its own role beat.
 */
export function createTelemetry(
  context: DaemonContext<TelemetrySettings>,
  outside: {
    readonly redis: RedisConnection;
    /** Unguessable, a new one at every call. */
    readonly newNonce: () => string;
    /** Of the disk that the state folder lies on, at once. */
    readonly disk: () => DiskSpace;
  },
): DaemonParts {
  const { settings, clock, log, registry, build } = context;
  const { redis } = outside;
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  const limits = kernelLimits(settings);
  const board = createMetricBoard(registry);
  const collectors = createCollectors(board, () => clock.monotonicMs());
  const sampler = createSampler({ redis, keys, limits, collectors, board, clock, log });
  const watch = new RedisWatch(redis, sampler, clock);
  const deployment = settings.TRADING_MODE;
  board.set("quantum_safety_exporter_build_info", { version: build.version, deployment, git: build.git }, 1);
  board.set("quantum_telemetry_sample_interval_seconds", {}, settings.SAMPLE_INTERVAL_SEC);
  const status = new StatusBoard(
    () =>
      statusView({
        ...{ collectors, limits, build, mode: settings.TRADING_MODE },
        redis: { up: watch.up(), detail: redis.dependency().detail },
        ...{ sampledMs: sampler.lastGoodMs, nowMs: clock.nowMs() },
      }),
    clock,
  );
  showOwn(board, sampler, watch);
  board.look("quantum_disk_free_bytes", () => outside.disk().freeBytes);
  board.look("quantum_disk_size_bytes", () => outside.disk().sizeBytes);
  board.look("quantum_telemetry_status_viewers", () => status.viewers);
  const roleBeat = {
    ...{ redis, clock, log, instance: context.instance, bootId: context.bootId },
    ...{ build: build.version, git: build.git, mode: settings.TRADING_MODE, account: () => "" },
    roleKey: `${keys.rolePrefix}safety-telemetry:${context.instance}`,
    statsKey: `${keys.statsPrefix}safety-telemetry`,
  };
  return {
    routes: new Hono().get("/status", () => Response.json(wireForm(status.view()))),
    openSurface: statusSurface(status, outside.newNonce),
    dependencies: () => [
      redis.dependency(),
      { name: "sample", ok: sampler.lastGoodMs > 0, detail: sampler.refused ? "refused" : "read" },
    ],
    run: (signal) =>
      runTogether(signal, {
        samples: (stop) =>
          keepSampling(
            {
              ...{ sampler, watch, redis, clock, status },
              everyMs: settings.SAMPLE_INTERVAL_SEC * 1000,
              progress: context.beat,
            },
            stop,
          ),
        beat: (stop) => keepRoleBeat(roleBeat, stop),
      }),
    close: () => {
      status.close();
      return redis.close();
    },
  };
}

/** What is looked up at the scrape itself: it is true at that moment, without asking anybody. */
function showOwn(board: MetricBoard, sampler: Sampler, watch: RedisWatch): void {
  let scrapes = 0;
  board.look("quantum_safety_exporter_scrapes_total", () => {
    scrapes += 1;
    return scrapes;
  });
  board.look("quantum_safety_exporter_errors_total", () => sampler.errors);
  board.look("quantum_safety_redis_up", () => (watch.up() ? 1 : 0));
  board.look("quantum_safety_redis_last_error_timestamp", () => watch.lastErrorMs() / 1000);
  board.look("quantum_telemetry_last_sample_timestamp_seconds", () => sampler.lastGoodMs / 1000);
}
