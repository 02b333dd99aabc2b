import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CATALOGUE } from "../../../lib/telemetry/catalogue.ts";
import { dashboardFiles } from "../../../lib/telemetry/dashboards/dashboard-files.ts";
import { expressionsIn } from "../../support/dashboard-expressions.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { metricsIn, ruleGroups } from "../../unit/telemetry-rules/rule-files.ts";
import { type ExporterStage, openExporterStage } from "./exporter-stage.ts";
import { countIntent, fillRedis } from "./filled-redis.ts";
import { PATIENCE } from "./monitoring-stage.ts";

let stage: ExporterStage;

beforeAll(async () => {
  stage = await openExporterStage(fillRedis);
}, 120_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

/** As Grafana sends it: its own variables replaced. */
const asSent = (expression: string) => expression.replaceAll("$__rate_interval", "1m");
const EXPRESSIONS = [...new Set(dashboardFiles().flatMap((file) => expressionsIn(file.content)))];
const LIMIT_MS = 180_000;

/** Waits for series; the busiest symbols are those of a bucket of 10 s, so one is kept busy. */
async function found(query: string): Promise<number> {
  const look = async () => {
    if (query.includes("quantum_safety_rate_symbol_top")) await countIntent(stage.redis, "BTCUSDT");
    return await stage.monitoring.count(query);
  };
  return await waitUntil(`${query} returns data`, look, PATIENCE);
}

describe("every query of the dashboards, in a real Prometheus on the compiled exporter", () => {
  test("there are queries", () => expect(EXPRESSIONS.length).toBeGreaterThan(35));

  test.each(EXPRESSIONS)(
    "returns data: %s",
    async (expression) => {
      expect(await found(asSent(expression))).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  test("a query of a metric that nobody has returns nothing, so the others can fail", async () => {
    expect(await stage.monitoring.count("max(quantum_metric_of_nobody)")).toBe(0);
  });
});

describe("every metric that a rule reads is on the compiled exporter's /metrics", () => {
  const read = ruleGroups().flatMap((group) => group.rules.flatMap((rule) => metricsIn(rule.expr)));
  const exported = new Set<string>(Object.keys(CATALOGUE));
  test.each([...new Set(read)].filter((name) => exported.has(name)))(
    "%s",
    async (name) => {
      const isThere = async () =>
        (await (await fetch(`${stage.url}/metrics`)).text())
          .split("\n")
          .some((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      await waitUntil(`${name} is exported`, isThere, PATIENCE);
    },
    LIMIT_MS,
  );
});
