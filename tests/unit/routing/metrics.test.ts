import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import type { AdmissionRequest, AdmissionVerdict } from "../../../lib/kernel/admit.ts";
import { createRouterMetrics } from "../../../lib/routing/metrics.ts";

const REQUEST: AdmissionRequest = {
  ...{ id: "1-0", kind: "skip", symbol: "", side: "", correlationId: "", traceId: "" },
};
const denied = (reason: "DUPLICATE" | "EXPIRED"): AdmissionVerdict => ({
  kind: "DENIED",
  reason,
  counts: undefined,
});

test("every verdict is counted once, however often somebody looks", async () => {
  const registry = new Registry();
  const { observe } = createRouterMetrics(registry);
  const tell = (...verdicts: readonly AdmissionVerdict[]) => {
    for (const verdict of verdicts) observe(REQUEST, verdict);
  };
  const seen = async () =>
    (await registry.metrics())
      .split("\n")
      .filter((line) => line.startsWith("quantum_router_verdicts_total{"));
  tell({ kind: "SKIPPED" }, denied("DUPLICATE"), denied("EXPIRED"), denied("DUPLICATE"));
  await seen();
  expect(await seen()).toEqual([
    'quantum_router_verdicts_total{verdict="SKIPPED",reason=""} 1',
    'quantum_router_verdicts_total{verdict="DENIED",reason="DUPLICATE"} 2',
    'quantum_router_verdicts_total{verdict="DENIED",reason="EXPIRED"} 1',
  ]);
  tell({ kind: "SKIPPED" });
  expect((await seen())[0]).toEndWith(" 2");
});
