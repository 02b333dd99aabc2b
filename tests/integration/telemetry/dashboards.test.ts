import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { dashboardFiles } from "../../../lib/telemetry/dashboards/dashboard-files.ts";
import { expressionsIn } from "../../support/dashboard-expressions.ts";
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

/** As Grafana sends it: its own variables replaced. */
const asSent = (expression: string) => expression.replaceAll("$__rate_interval", "1m");
const EXPRESSIONS = [...new Set(dashboardFiles().flatMap((file) => expressionsIn(file.content)))];

describe("every query of the dashboards, in a real Prometheus", () => {
  test("there are queries", () => expect(EXPRESSIONS.length).toBeGreaterThan(35));

  test.each(EXPRESSIONS)(
    "returns data: %s",
    async (expression) => {
      const found = await waitUntil("data is there", () => stage.count(asSent(expression)), PATIENCE);
      expect(found).toBeGreaterThan(0);
    },
    90_000,
  );

  test("a query of a metric that nobody has returns nothing: the test above can fail", async () => {
    expect(await stage.count("max(quantum_metric_of_nobody)")).toBe(0);
  });
});
