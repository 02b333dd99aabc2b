import type { Finding } from "./finding.ts";
import type { Workbench } from "./workbench.ts";

/** A picture for the report, as a Vega-Lite specification. */
export interface Plot {
  /** File name without its ending. */
  readonly name: string;
  readonly spec: object;
}

export interface Measurement {
  readonly findings: readonly Finding[];
  readonly plots?: readonly Plot[];
}

/** One benchmark: starts what it needs on the workbench and returns what it found. */
export interface Benchmark {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** How it was measured and what the figures do not say: a paragraph for the report. */
  readonly method: string;
  /** What holds the figures where they are, from profiles: a paragraph for the report. */
  readonly limit?: string;
  run(bench: Workbench): Promise<Measurement | readonly Finding[]>;
}
