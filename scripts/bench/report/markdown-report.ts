import type { Benchmark } from "../benchmark.ts";
import type { Finding } from "../finding.ts";
import { findingLine } from "./finding-lines.ts";

export interface Measured {
  readonly benchmark: Benchmark;
  readonly findings: readonly Finding[];
}

/** The document that `bun run bench --write` leaves behind. */
export function markdownReport(report: {
  readonly machine: readonly (readonly [string, string])[];
  readonly date: string;
  readonly measured: readonly Measured[];
}): string {
  const machine = report.machine.map(([name, value]) => `| ${name} | ${value} |`);
  const sections = report.measured.map(({ benchmark, findings }) =>
    [
      `## ${benchmark.title}`,
      "",
      benchmark.method,
      "",
      "| What | Value | Ratio | Aim | |",
      "|---|---|---|---|---|",
      ...findings.map(row),
      "",
    ].join("\n"),
  );
  return [
    "# Performance",
    "",
    "Written by `bun run bench --write`. Every ratio is between two figures of one run on one machine, taken in",
    "turn: carry the ratios over to another machine, not the absolutes.",
    "",
    `Measured ${report.date}.`,
    "",
    "| | |",
    "|---|---|",
    ...machine,
    "",
    ...sections,
  ].join("\n");
}

function row(finding: Finding): string {
  const { what, value, ratio, aim, met } = findingLine(finding);
  return `| ${[what, value, ratio, aim, met].join(" | ")} |`;
}
