/** A bound on a finding's ratio, or on its figure where the requirement is an absolute one. */
export interface Aim {
  readonly of: "ratio" | "figure";
  readonly bound: "at least" | "at most";
  readonly limit: number;
}

/** A ratio to something of the same run; the quartiles over the rounds where there were several. */
export interface Ratio {
  readonly value: number;
  readonly to: string;
  readonly low?: number;
  readonly high?: number;
}

/** One printed line: what was measured, the figure, its ratio to something of the same run, the aim. */
export interface Finding {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  /** More that belongs to the figure: quantiles, counts. */
  readonly detail?: string;
  readonly ratio?: Ratio;
  readonly aim?: Aim;
}

/** Quartiles further apart than this share of the median say more of the machine than of what runs on it. */
const NOISY_SHARE = 0.25;

/** Whether the aim is met; undefined without one. Throws when the aim is of a ratio that is not there. */
export function isMet(finding: Finding): boolean | undefined {
  const { aim, ratio, figure, what } = finding;
  if (aim === undefined) return undefined;
  const value = aim.of === "figure" ? figure : ratio?.value;
  if (value === undefined) throw new Error(`${what} has an aim for a ratio and no ratio`);
  return aim.bound === "at least" ? value >= aim.limit : value <= aim.limit;
}

/** Whether the rounds disagree so much that the ratio should be measured again on a quieter machine. */
export function isNoisy({ ratio }: Finding): boolean {
  if (ratio?.low === undefined || ratio.high === undefined) return false;
  return ratio.high - ratio.low > NOISY_SHARE * ratio.value;
}

/** "met", "NOT MET", with ", noisy" behind it where that is so; "" without an aim and without noise. */
export function verdictOf(finding: Finding): string {
  const met = isMet(finding);
  const words = [met === undefined ? "" : met ? "met" : "NOT MET", isNoisy(finding) ? "noisy" : ""];
  return words.filter((word) => word !== "").join(", ");
}
