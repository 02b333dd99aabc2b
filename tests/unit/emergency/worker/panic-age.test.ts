import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import { createWorkerMetrics } from "../../../../lib/emergency/worker/metrics.ts";

test("the worker's own metrics say how old the panic is that runs, which Redis need not know of", async () => {
  let since: number | undefined;
  const registry = new Registry();
  const zero = () => 0;
  createWorkerMetrics(
    registry,
    {
      ...{ halted: () => true, runningSinceMs: () => since, nowMs: () => 50_000 },
      ...{ waitingForRedis: zero, unwritten: zero, dustPositions: zero },
    },
    () => {},
  );
  const shown = () => registry.metrics();
  expect(await shown()).toMatch(/^quantum_emergency_panic_running 0$/m);
  expect(await shown()).toMatch(/^quantum_emergency_panic_age_seconds 0$/m);
  since = 20_000;
  expect(await shown()).toMatch(/^quantum_emergency_panic_running 1$/m);
  expect(await shown()).toMatch(/^quantum_emergency_panic_age_seconds 30$/m);
  // A clock that was set back must not show an age under none.
  since = 60_000;
  expect(await shown()).toMatch(/^quantum_emergency_panic_age_seconds 0$/m);
});
