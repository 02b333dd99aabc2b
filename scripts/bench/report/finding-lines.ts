import { type Aim, type Finding, isMet } from "../finding.ts";
import { figureText } from "../measure/figures.ts";

/** The cells of one finding, the same in the terminal and in the document. */
export interface FindingLine {
  readonly what: string;
  readonly value: string;
  readonly ratio: string;
  readonly aim: string;
  /** "met", "NOT MET" or "" without an aim. */
  readonly met: string;
}

/** What is said of a finding. */
export function findingLine(finding: Finding): FindingLine {
  const { what, figure, unit, detail, ratio, aim } = finding;
  const met = isMet(finding);
  return {
    what,
    value: `${figureText(figure)} ${unit}${detail === undefined ? "" : ` (${detail})`}`,
    ratio: ratio === undefined ? "" : `${ratio.value.toFixed(2)} × ${ratio.to}`,
    aim: aim === undefined ? "" : aimText(aim, unit),
    met: met === undefined ? "" : met ? "met" : "NOT MET",
  };
}

function aimText({ of, bound, limit }: Aim, unit: string): string {
  return `${bound === "at least" ? "≥" : "≤"} ${limit}${of === "ratio" ? " ×" : ` ${unit}`}`;
}
