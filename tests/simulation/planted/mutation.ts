import type { SourceChange } from "../runner/source-changes.ts";
import type { InvariantNumber } from "../watch/findings.ts";

/** A bug planted on purpose. */
export interface Mutation {
  readonly name: string;
  /** What a reader of the code would call the mistake. */
  readonly mistake: string;
  readonly changes: readonly SourceChange[];
  /** One of these is to be found broken. */
  readonly breaks: readonly InvariantNumber[];
}

/** The changes of a mutation that is one piece of one file. */
export const one = (file: string, from: string, to: string): readonly SourceChange[] => [{ file, from, to }];
