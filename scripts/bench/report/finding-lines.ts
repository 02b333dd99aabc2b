import { type Aim, type Finding, type Ratio, verdictOf } from "../finding.ts";
import { figureText } from "../measure/figures.ts";

/** The cells of one finding, the same in the terminal and in the document. */
export interface FindingLine {
  readonly what: string;
  readonly value: string;
  readonly ratio: string;
  readonly aim: string;
  /** "met", "NOT MET" or "" without an aim; with "noisy" where the rounds disagree. */
  readonly verdict: string;
}

/** What is said of a finding. */
export function findingLine(finding: Finding): FindingLine {
  const { what, figure, unit, detail, ratio, aim } = finding;
  return {
    what,
    value: `${figureText(figure)} ${unit}${detail === undefined ? "" : ` (${detail})`}`,
    ratio: ratio === undefined ? "" : ratioText(ratio),
    aim: aim === undefined ? "" : aimText(aim, unit),
    verdict: verdictOf(finding),
  };
}

function ratioText({ value, to, low, high }: Ratio): string {
  const range = low === undefined || high === undefined ? "" : ` (${low.toFixed(2)}–${high.toFixed(2)})`;
  return `${value.toFixed(2)} × ${to}${range}`;
}

function aimText({ of, bound, limit }: Aim, unit: string): string {
  return `${bound === "at least" ? "≥" : "≤"} ${limit}${of === "ratio" ? " ×" : ` ${unit}`}`;
}
