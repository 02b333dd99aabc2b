import type { Benchmark, Measurement } from "../benchmark.ts";
import type { Finding } from "../finding.ts";
import { findingLine } from "./finding-lines.ts";
import { plotsOf } from "./ratio-plot.ts";

export interface Measured extends Measurement {
  readonly benchmark: Benchmark;
}

/** The document that `bun run bench --write` leaves behind; its pictures lie in plots/ beside it. */
export function markdownReport(report: {
  readonly machine: readonly (readonly [string, string])[];
  readonly date: string;
  readonly measured: readonly Measured[];
}): string {
  const machine = report.machine.map(([name, value]) => `| ${name} | ${value} |`);
  return [
    "# Performance",
    "",
    "Written by `bun run bench --write`. Every ratio is between two figures of one run on one machine, taken in",
    "turn: carry the ratios over to another machine, not the absolutes. Behind a ratio stand the quartiles over",
    "the rounds; where these are more than a quarter of it apart the verdict says *noisy*.",
    "",
    `Measured ${report.date}.`,
    "",
    "| | |",
    "|---|---|",
    ...machine,
    "",
    ...report.measured.map(section),
  ].join("\n");
}

function section(measured: Measured): string {
  const { benchmark, findings } = measured;
  return [
    `## ${benchmark.title}`,
    "",
    benchmark.method,
    "",
    ...(benchmark.limit === undefined ? [] : [benchmark.limit, ""]),
    "| What | Value | Ratio | Aim | |",
    "|---|---|---|---|---|",
    ...findings.map(row),
    "",
    ...plotsOf(measured).flatMap(({ name }) => [`![${benchmark.title}](plots/${name}.svg)`, ""]),
  ].join("\n");
}

function row(finding: Finding): string {
  const { what, value, ratio, aim, verdict } = findingLine(finding);
  return `| ${[what, value, ratio, aim, verdict].join(" | ")} |`;
}
