import { expect, test } from "bun:test";
import fc from "fast-check";
import { createLatencyHistogram } from "../../../scripts/bench/measure/latency-histogram.ts";

test("a quantile is within 1.6 % of the true one, from microseconds to minutes", () => {
  const latencyMs = fc.double({ min: 0.001, max: 1_000_000, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(latencyMs, { minLength: 1, maxLength: 200 }),
      fc.constantFrom(0.5, 0.9, 0.99, 1),
      (list, q) => {
        const histogram = createLatencyHistogram();
        for (const ms of list) histogram.record(ms);
        const sorted = [...list].sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(q * list.length)) - 1] ?? 0;
        // Half a microsecond is the rounding of the values themselves.
        expect(Math.abs(histogram.quantile(q) - exact)).toBeLessThanOrEqual(0.016 * exact + 0.0006);
      },
    ),
  );
});

test("a histogram of nothing says 0, and what is out of range counts as its end", () => {
  const histogram = createLatencyHistogram();
  expect(histogram.quantile(0.99)).toBe(0);
  histogram.record(-5);
  expect(histogram.quantile(0.5)).toBe(0);
  histogram.record(1e12);
  expect(histogram.quantile(1)).toBeGreaterThan(2_000_000);
  expect(histogram.count).toBe(2);
});
