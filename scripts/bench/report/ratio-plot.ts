import type { Measurement, Plot } from "../benchmark.ts";
import { type Finding, verdictOf } from "../finding.ts";

/** Pictures of a benchmark: its own, else its ratios beside their aims; none where there is nothing to compare. */
export function plotsOf(
  measured: Measurement & { readonly benchmark: { readonly name: string } },
): readonly Plot[] {
  if (measured.plots !== undefined) return measured.plots;
  const rows = measured.findings.flatMap(ratioRow);
  return rows.length === 0 ? [] : [{ name: measured.benchmark.name, spec: ratioPlot(rows) }];
}

interface RatioRow {
  readonly what: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Absent where the aim is of the figure, or there is none. */
  readonly aim: number | null;
  readonly verdict: string;
}

function ratioRow(finding: Finding): readonly RatioRow[] {
  const { what, ratio, aim } = finding;
  if (ratio === undefined) return [];
  const { value, low = value, high = value } = ratio;
  const limit = aim?.of === "ratio" ? aim.limit : null;
  const verdict = limit === null ? "no aim" : verdictOf(finding).replace(", noisy", "");
  return [{ what: `${what}, × ${ratio.to}`, ratio: value, low, high, aim: limit, verdict }];
}

/** A dot a ratio, a line between its quartiles, a black tick at the aim. */
function ratioPlot(rows: readonly RatioRow[]): object {
  const y = { field: "what", type: "nominal", sort: null, title: null, axis: { labelLimit: 0 } };
  const verdicts = { domain: ["met", "NOT MET", "no aim"], range: ["#009e73", "#d55e00", "#999999"] };
  const x = (field: string) => ({
    ...{ field, type: "quantitative", title: "ratio (dot), quartiles (line), aim (tick)" },
    scale: { type: "log", nice: true },
  });
  const color = { field: "verdict", type: "nominal", title: null, scale: verdicts };
  return {
    width: 420,
    height: { step: 20 },
    data: { values: rows },
    layer: [
      { mark: { type: "rule" }, encoding: { y, x: x("low"), x2: { field: "high" }, color } },
      { mark: { type: "point", filled: true, size: 60 }, encoding: { y, x: x("ratio"), color } },
      {
        transform: [{ filter: "datum.aim !== null" }],
        mark: { type: "tick", color: "black", thickness: 2 },
        encoding: { y, x: x("aim") },
      },
    ],
  };
}
