import type { Finding } from "./finding.ts";
import type { Workbench } from "./workbench.ts";

/** One benchmark: starts what it needs on the workbench and returns what it found. */
export interface Benchmark {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** How it was measured and what the figures do not say: a paragraph for the report. */
  readonly method: string;
  run(bench: Workbench): Promise<readonly Finding[]>;
}
