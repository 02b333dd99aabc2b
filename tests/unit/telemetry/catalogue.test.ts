import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { Registry } from "prom-client";
import { KNOWN_SETTINGS } from "../../../lib/daemon/known-settings.ts";
import { settingsReference } from "../../../lib/daemon/settings-reference.ts";
import { routerSettings } from "../../../lib/routing/settings.ts";
import { CATALOGUE } from "../../../lib/telemetry/catalogue.ts";
import { createCollectors } from "../../../lib/telemetry/collectors.ts";
import { createMetricBoard } from "../../../lib/telemetry/metric-board.ts";
import { telemetrySettings } from "../../../lib/telemetry/settings.ts";

const TELEMETRY = join(import.meta.dir, "../../../lib/telemetry");

/** The contract's sixteen: name, type, labels. */
const CONTRACT = [
  ["quantum_safety_safe_mode", "gauge", []],
  ["quantum_safety_safe_mode_ttl_seconds", "gauge", []],
  ["quantum_safety_fault_stream_length", "gauge", []],
  ["quantum_safety_faults_last_1h", "gauge", []],
  ["quantum_safety_last_fault_timestamp", "gauge", []],
  ["quantum_safety_last_fault_info", "gauge", ["reason", "side", "symbol"]],
  ["quantum_trade_intent_stream_length", "gauge", []],
  ["quantum_trade_intent_rate_per_min", "gauge", []],
  ["quantum_safety_rate_global_current_window", "gauge", []],
  ["quantum_safety_rate_symbol_top", "gauge", ["rank", "symbol"]],
  ["quantum_safety_rate_symbol_top5_info", "gauge", ["symbols"]],
  ["quantum_safety_redis_up", "gauge", []],
  ["quantum_safety_redis_last_error_timestamp", "gauge", []],
  ["quantum_safety_exporter_scrapes_total", "counter", []],
  ["quantum_safety_exporter_errors_total", "counter", []],
  ["quantum_safety_exporter_build_info", "gauge", ["version", "deployment", "git"]],
] as const;

test("the sixteen metrics of the contract stand first, exactly so", () => {
  const first = Object.entries(CATALOGUE).slice(0, CONTRACT.length);
  expect(first.map(([name, { type, labels }]) => [name, type, [...labels]])).toEqual(
    CONTRACT.map(([name, type, labels]) => [name, type, [...labels]]),
  );
});

test("no label is called instance: Prometheus would rename it", () => {
  const labels = Object.values(CATALOGUE).flatMap((metric): readonly string[] => metric.labels);
  expect(labels).not.toContain("instance");
  expect(labels).not.toContain("job");
});

test("every file of collectors/ is a collector that runs, and is asked under its own name", () => {
  const files = readdirSync(join(TELEMETRY, "collectors")).map((name) => basename(name, ".ts"));
  const run = Object.values(createCollectors(createMetricBoard(new Registry()), () => 0)).map(
    ({ name }) => name,
  );
  expect([...run].sort()).toEqual(files.sort());
});

test("a limit that is shown has the default of the limit that is enforced", () => {
  const router = new Map(settingsReference(routerSettings).map((row) => [row.name, row.fallback]));
  const shared = settingsReference(telemetrySettings).filter(({ name }) => router.has(name));
  expect(shared.length).toBe(5);
  for (const { name, fallback } of shared) expect([name, fallback]).toEqual([name, router.get(name) ?? ""]);
});

test("every setting is known to the other roles", () => {
  const known: readonly string[] = KNOWN_SETTINGS;
  expect(Object.keys(telemetrySettings).filter((name) => !known.includes(name))).toEqual([]);
});

test("what is not in the catalogue does not compile, and does not run", () => {
  const board = createMetricBoard(new Registry());
  // @ts-expect-error no such metric
  expect(() => board.publish<"quantum_unheard_of">({ quantum_unheard_of: 1 })).toThrow(
    "not in the catalogue",
  );
  const wrong = { labels: { rolle: "x" }, value: 1 };
  // @ts-expect-error a label that the metric does not have
  expect(() => board.publish<"quantum_role_up">({ quantum_role_up: [wrong] })).toThrow("rolle");
  // @ts-expect-error a metric of the exporter's own is not sampled
  expect(() => board.publish<"quantum_safety_redis_up">({ quantum_safety_redis_up: 1 })).not.toThrow();
});
