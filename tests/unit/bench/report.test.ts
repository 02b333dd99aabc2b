import { expect, test } from "bun:test";
import { BENCHMARKS, chosenBenchmarks } from "../../../scripts/bench/benchmarks.ts";
import type { Finding } from "../../../scripts/bench/finding.ts";
import { processorTimeMs } from "../../../scripts/bench/measure/processor-time.ts";
import { markdownReport } from "../../../scripts/bench/report/markdown-report.ts";
import { plotsOf } from "../../../scripts/bench/report/ratio-plot.ts";

const compared: Finding = {
  ...{ what: "a daemon", figure: 57, unit: "ms", ratio: { value: 3, to: "the floor" } },
  aim: { of: "ratio", bound: "at most", limit: 2 },
};
const benchmark = {
  ...{ name: "start", title: "Start", method: "How.", limit: "Why." },
  run: () => Promise.resolve([compared]),
};

test("the report says machine, method, limit and verdict, and shows the benchmark's picture", () => {
  const measured = [{ benchmark, findings: [compared] }];
  const text = markdownReport({ machine: [["Bun", "1"]], date: "2026-01-02", measured });
  for (const part of ["| Bun | 1 |", "Measured 2026-01-02.", "## Start\n\nHow.\n\nWhy.", "plots/start.svg"]) {
    expect(text).toContain(part);
  }
  expect(text).toContain("| a daemon | 57.0 ms | 3.00 × the floor | ≤ 2 × | NOT MET |");
});

test("a benchmark without ratios has no picture, and its own pictures come before the general one", () => {
  const { ratio: _ratio, aim: _aim, ...alone } = compared;
  expect(plotsOf({ benchmark, findings: [alone] })).toEqual([]);
  expect(plotsOf({ benchmark, findings: [compared] }).map(({ name }) => name)).toEqual(["start"]);
  const plots = [{ name: "own", spec: {} }];
  expect(plotsOf({ benchmark, findings: [compared], plots })).toBe(plots);
});

test("benchmarks are chosen by name, in the report's order, and an unknown name is said with the known ones", () => {
  expect(chosenBenchmarks("growth,admission").map(({ name }) => name)).toEqual(["admission", "growth"]);
  expect(chosenBenchmarks(undefined)).toBe(BENCHMARKS);
  expect(() => chosenBenchmarks("speed")).toThrow("no benchmark speed; there are admission");
});

test("no two benchmarks share a name", () => {
  expect(new Set(BENCHMARKS.map(({ name }) => name)).size).toBe(BENCHMARKS.length);
});

test("processor time grows with work and belongs to the process asked for", async () => {
  const before = await processorTimeMs(process.pid);
  const until = performance.now() + 60_000;
  while ((await processorTimeMs(process.pid)) < before + 20 && performance.now() < until) {
    Bun.hash("x".repeat(1_000_000));
  }
  expect(await processorTimeMs(process.pid)).toBeGreaterThanOrEqual(before + 20);
});
