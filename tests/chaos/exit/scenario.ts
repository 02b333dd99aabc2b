import type { Timeline } from "./timeline.ts";

/** One row of the table of faults: what is broken, and what must hold. */
export interface Scenario {
  readonly row: number;
  /** Where a row has several faults: "a", "b", … */
  readonly part?: string;
  readonly title: string;
  /** Part of the ordinary test run; the others run with `bun run chaos:exit`. */
  readonly quick: boolean;
  /** Only on request (`--long`). */
  readonly long?: boolean;
  /** Throws when something that must hold does not. Returns what happened, for the person who reads. */
  run(): Promise<Timeline>;
}

/** `3` or `5b`. */
export function scenarioName(scenario: Scenario): string {
  return `${scenario.row}${scenario.part ?? ""}`;
}
