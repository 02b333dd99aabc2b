import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { svgPlot } from "../plot/svg-plot.ts";
import type { FaultEvent } from "./fault-schedule.ts";
import type { Proof } from "./proof.ts";
import type { Samples } from "./sampler.ts";
import type { Verdict } from "./verdicts.ts";

/** A table of every measure: start, end, slope an hour, and whether it is flat. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ subject, measure, trend }) => {
    if (trend === undefined) return [subject, measure, "", "", "", "", "", "too short"];
    const { start, end, perHour, rise, tolerance, flat } = trend;
    const numbers = [start, end, perHour, rise, tolerance].map((value) => value.toFixed(1));
    return [subject, measure, ...numbers, flat ? "flat" : "NOT FLAT"];
  });
  const head = ["process", "measure", "start", "end", "per hour", "rise", "allowed", "verdict"];
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, at) => (at < 2 || at === 7 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}

/** Points a line in the plot; more only make the file large. */
const PLOTTED_MAX = 300;

/** Small multiples: one panel a process measure with a line a process, one panel a measure of Redis. */
export async function plotSamples(
  samples: Samples,
  title: { text: string; subtitle: string },
): Promise<string> {
  const values = samples.all().flatMap(({ subject, measure, points }) => {
    const step = Math.ceil(points.length / PLOTTED_MAX);
    const [group = measure, line = subject] = subject === "redis" ? redisPanel(measure) : [measure, subject];
    return points
      .filter((_, at) => at % step === 0)
      .map(({ minute, value, life }) => ({ group, line, minute, value, life }));
  });
  const panels = [...new Set(values.map(({ group }) => group))];
  const charts = panels.map((panel) => ({
    ...{ title: { text: panel, fontSize: 11, fontWeight: "normal" }, width: 300, height: 130 },
    data: { values: values.filter(({ group }) => group === panel) },
    mark: { type: "line", strokeWidth: 1 },
    encoding: {
      x: { field: "minute", type: "quantitative", title: "minutes" },
      y: { field: "value", type: "quantitative", title: null, scale: { zero: false } },
      color: {
        field: "line",
        type: "nominal",
        title: null,
        legend: { symbolType: "stroke", labelLimit: 260 },
      },
      detail: { field: "life", type: "nominal" },
    },
  }));
  return svgPlot({ title, columns: 3, resolve: { scale: { color: "independent" } }, concat: charts });
}

function redisPanel(measure: string): readonly [string, string] {
  const [kind, of] = measure.split(/: | of /, 2);
  if (of === undefined) return [`Redis ${measure}`, measure];
  return [`Redis ${kind === "length" ? "stream lengths" : kind}`, of];
}

/** Writes table, samples, faults and plot. Returns the path of the plot. */
export async function writeReport(
  folder: string,
  report: {
    readonly table: string;
    readonly samples: Samples;
    readonly faults: readonly FaultEvent[];
    readonly svg: string;
    readonly proof: Proof;
    readonly title: string;
  },
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  const plot = join(folder, "soak.svg");
  await Bun.write(plot, report.svg);
  await Bun.write(join(folder, "soak.txt"), `${report.table}\n`);
  const { proof, title } = report;
  const raw = { title, proof, series: report.samples.all(), faults: report.faults };
  await Bun.write(join(folder, "soak.json"), JSON.stringify(raw));
  return plot;
}
