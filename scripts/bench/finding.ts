/** A bound on a finding's ratio, or on its figure where the requirement is an absolute one. */
export interface Aim {
  readonly of: "ratio" | "figure";
  readonly bound: "at least" | "at most";
  readonly limit: number;
}

/** One printed line: what was measured, the figure, its ratio to something of the same run, the aim. */
export interface Finding {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  /** More that belongs to the figure: quantiles, the range over the rounds. */
  readonly detail?: string;
  readonly ratio?: { readonly value: number; readonly to: string };
  readonly aim?: Aim;
}

/** Whether the aim is met; undefined without one. Throws when the aim is of a ratio that is not there. */
export function isMet(finding: Finding): boolean | undefined {
  const { aim, ratio, figure, what } = finding;
  if (aim === undefined) return undefined;
  const value = aim.of === "figure" ? figure : ratio?.value;
  if (value === undefined) throw new Error(`${what} has an aim for a ratio and no ratio`);
  return aim.bound === "at least" ? value >= aim.limit : value <= aim.limit;
}
