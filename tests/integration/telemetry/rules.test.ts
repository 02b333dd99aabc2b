import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openStagedTarget, type StagedTarget } from "../../support/staged-target.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type MonitoringStage, openMonitoringStage, PATIENCE } from "./monitoring-stage.ts";

let target: StagedTarget;
let stage: MonitoringStage;

beforeAll(async () => {
  target = openStagedTarget();
  stage = await openMonitoringStage(target.address);
}, 120_000);
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  await target?.[Symbol.asyncDispose]();
});

const LIMIT_MS = 180_000;

describe("the shipped rules in a real Prometheus, told by a real Alertmanager", () => {
  test("evaluate without an error, and nothing fires while all is well", async () => {
    const text = await waitUntil(
      "every rule was evaluated",
      async () => {
        const said = await (await fetch(`${stage.prometheus.url}/api/v1/rules`)).text();
        return said.includes('"health":"unknown"') ? undefined : said;
      },
      PATIENCE,
    );
    expect(text).toContain("QuantumSafeModeActive");
    expect(text.match(/"health":"(?!ok)[^"]*"/g)).toBeNull();
    const quiet = async () => Object.keys(await stage.alerts()).length === 0;
    await waitUntil("nothing is pending or fires", quiet, PATIENCE);
  });

  test(
    "safe mode goes pending, fires, is told, resolves, and its end is told",
    async () => {
      target.set("quantum_safety_safe_mode", 1);
      await stage.reaches("QuantumSafeModeActive", "firing");
      await waitUntil("it is told", () => stage.told().includes("QuantumSafeModeActive"), PATIENCE);
      target.set("quantum_safety_safe_mode", 0);
      await stage.reaches("QuantumSafeModeActive", "inactive");
      const over = () => stage.told("resolved").includes("QuantumSafeModeActive");
      await waitUntil("its end is told", over, PATIENCE);
    },
    LIMIT_MS,
  );

  test(
    "a burst of faults fires",
    async () => {
      target.set("quantum_safety_fault_events_total", 9);
      await stage.reaches("QuantumSafetyFaultSpike", "firing");
    },
    LIMIT_MS,
  );

  test(
    "an exporter that does not answer fires, and resolves when it does",
    async () => {
      target.answer(false);
      await stage.reaches("QuantumTelemetryExporterDown", "firing");
      target.answer(true);
      await stage.reaches("QuantumTelemetryExporterDown", "inactive");
    },
    LIMIT_MS,
  );
});

describe("what only the watchdog can say", () => {
  test(
    "is scraped from its own /metrics, fires and resolves",
    async () => {
      stage.watchdog.set("quantum_watchdog_positions", -1);
      await stage.reaches("QuantumWatchdogCannotReadPositions", "firing");
      stage.watchdog.set("quantum_watchdog_positions", 2);
      await stage.reaches("QuantumWatchdogCannotReadPositions", "inactive");
    },
    LIMIT_MS,
  );
});

describe("a dead Redis and all that goes with it", () => {
  test(
    "is one page",
    async () => {
      await waitUntil(
        "the exporter is scraped",
        () => stage.value('up{job="quantum_safety_telemetry"} == 1'),
        PATIENCE,
      );
      const before = stage.told().length;
      target.set("quantum_safety_redis_up", 0);
      await stage.reaches("QuantumRedisConnectionLost", "pending");
      // What the last sample before the loss, and whoever fell with Redis, would bring on.
      target.set("quantum_role_up", 0, 'role="exit-brain-watchdog"');
      target.set("quantum_role_up", 0, 'role="emergency-exit-worker"');
      target.set("quantum_exchange_credentials_ok", 0, 'role="execution"');
      for (const alert of [
        "QuantumRedisConnectionLost",
        "QuantumWatchdogDown",
        "QuantumEmergencyWorkerDown",
        "QuantumExchangeCredentialsFailing",
      ])
        await stage.reaches(alert, "firing");
      await waitUntil("it is told", () => stage.told().length > before, PATIENCE);
      await waitUntil("Alertmanager mutes the others", async () => (await muted()).length >= 3, PATIENCE);
      expect(stage.told().slice(before)).toEqual(["QuantumRedisConnectionLost"]);
      expect(await muted()).toContain("QuantumWatchdogDown");
    },
    LIMIT_MS,
  );
});

/** Alerts that Alertmanager holds back because another explains them. */
async function muted(): Promise<readonly string[]> {
  const answer = await fetch(`${stage.alertmanager.url}/api/v2/alerts?active=false&inhibited=true`);
  const text = await answer.text();
  return [...text.matchAll(/"alertname":"(\w+)"/g)].map(([, name]) => name ?? "");
}
