import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import { STATISTICS } from "../../../lib/contract/statistics.ts";
import { CATALOGUE } from "../../../lib/telemetry/catalogue.ts";
import type { RedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type ExporterStage, openExporterStage } from "./exporter-stage.ts";
import { countIntent, fillRedis, finishWork, keepBeating } from "./filled-redis.ts";
import { type MonitoringStage, PATIENCE } from "./monitoring-stage.ts";

const KEYS = keysOf("");
const LIMIT_MS = 180_000;
/** The contract's sixteen stand first in the catalogue. */
const SIXTEEN = Object.keys(CATALOGUE).slice(0, 16);

let whole: ExporterStage;
let redis: RedisServer;
let stage: MonitoringStage;
let brain: AsyncDisposable;

beforeAll(async () => {
  whole = await openExporterStage(async (server) => {
    await fillRedis(server);
    await finishWork(server);
    brain = keepBeating(server);
  });
  redis = whole.redis;
  stage = whole.monitoring;
}, 120_000);
afterAll(async () => {
  await brain?.[Symbol.asyncDispose]();
  await whole?.[Symbol.asyncDispose]();
});

describe("the compiled exporter under a real Prometheus", () => {
  test(
    "is up, and the sixteen metrics of the contract are there",
    async () => {
      expect(await stage.value('up{job="quantum_safety_telemetry"}')).toBe(1);
      expect(SIXTEEN.at(-1)).toBe("quantum_safety_exporter_build_info");
      for (const name of SIXTEEN) {
        const look = async () => {
          // The busiest symbols are those of a bucket of 10 s.
          await countIntent(redis, "BTCUSDT");
          return await stage.count(name);
        };
        await waitUntil(`${name} is there`, look, PATIENCE);
      }
    },
    LIMIT_MS,
  );

  test(
    "safe mode set in Redis: 1 at the next sample, pending, firing, told; resolved when it ends",
    async () => {
      await redis.cli("SET", KEYS.safeMode, "1", "EX", "300");
      await waitUntil("the metric is 1", () => stage.value("quantum_safety_safe_mode == 1"), PATIENCE);
      expect(await stage.value("quantum_safety_safe_mode_ttl_seconds")).toBeGreaterThan(200);
      await stage.reaches("QuantumSafeModeActive", "firing");
      await waitUntil("it is told", () => stage.told().includes("QuantumSafeModeActive"), PATIENCE);
      await redis.cli("DEL", KEYS.safeMode);
      await stage.reaches("QuantumSafeModeActive", "inactive");
      const over = () => stage.told("resolved").includes("QuantumSafeModeActive");
      await waitUntil("its end is told", over, PATIENCE);
    },
    LIMIT_MS,
  );

  test(
    "old totals are no burst, nine new faults are",
    async () => {
      await waitUntil(
        "the total is read",
        () => stage.value("quantum_safety_fault_events_total == 4"),
        PATIENCE,
      );
      expect((await stage.alerts())["QuantumSafetyFaultSpike"]).toBeUndefined();
      await redis.cli("HINCRBY", `${KEYS.statsPrefix}ai-strategy-router`, STATISTICS.faults, "9");
      await stage.reaches("QuantumSafetyFaultSpike", "firing");
    },
    LIMIT_MS,
  );

  test(
    "an exporter that is gone fires, and resolves when it is back; it brings no burst with it",
    async () => {
      await whole.stopExporter();
      await stage.reaches("QuantumTelemetryExporterDown", "firing");
      await whole.startExporter();
      await stage.reaches("QuantumTelemetryExporterDown", "inactive");
      expect(await stage.value("max_over_time(job:quantum_safety_fault_events:new5m[1m])")).toBeLessThan(20);
    },
    LIMIT_MS,
  );
});

describe("the compiled exporter whose Redis is killed", () => {
  test(
    "is one page, and resolves when Redis is back",
    async () => {
      await waitUntil("Redis is read", () => stage.value("quantum_safety_redis_up == 1"), PATIENCE);
      await waitUntil("what the tests before brought on is told", everythingIsTold, PATIENCE);
      const before = stage.told().length;
      await redis.stop({ kill: true });
      await stage.reaches("QuantumRedisConnectionLost", "firing");
      const told = () => stage.told().slice(before);
      await waitUntil("it is told", () => told().includes("QuantumRedisConnectionLost"), PATIENCE);
      expect(told()).toEqual(["QuantumRedisConnectionLost"]);
      await redis.restart();
      await stage.reaches("QuantumRedisConnectionLost", "inactive");
    },
    LIMIT_MS,
  );
});

/** Whether every alert that fires has been told of, and none is about to fire. */
async function everythingIsTold(): Promise<boolean> {
  const told = stage.told();
  return Object.entries(await stage.alerts()).every(
    ([name, state]) => state === "firing" && told.includes(name),
  );
}
