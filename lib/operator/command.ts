import type { z } from "zod";
import type { ExitCode } from "../contract/exit-codes.ts";
import type { Desk } from "./desk.ts";

/** What a command found or did: the same facts for people and for scripts. */
export interface Report {
  /** Printed by `--json`, one document. */
  readonly json: unknown;
  readonly lines: readonly string[];
  /** Default 0; 1 says "the answer is no". */
  readonly exitCode?: ExitCode;
}

interface CommandSpec<Input extends z.ZodType> {
  /** As it is typed: `halt clear`. */
  readonly path: string;
  readonly summary: string;
  /** Positional arguments in commander's syntax, `<id>` or `[id]`, and what they mean. */
  readonly parameters?: readonly (readonly [syntax: string, meaning: string])[];
  readonly options?: readonly (readonly [flags: string, meaning: string])[];
  /** Checks options and parameters together, under their camel-case names. */
  readonly input: Input;
  /** Asked before it acts; a command without one only reads. */
  readonly question?: (input: z.output<Input>) => string;
  run(desk: Desk, input: z.output<Input>): Promise<Report>;
}

/** A command with its input's type closed over, so that all of them fit into one list. */
export interface OperatorCommand {
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly (readonly [syntax: string, meaning: string])[];
  readonly options: readonly (readonly [flags: string, meaning: string])[];
  readonly acts: boolean;
  /** Faults of the input in words, or what to ask and what to run. */
  prepare(raw: Readonly<Record<string, unknown>>): PreparedCommand;
}

type PreparedCommand =
  | { readonly kind: "wrong_usage"; readonly faults: readonly string[] }
  | {
      readonly kind: "ready";
      readonly question: string | undefined;
      readonly run: (desk: Desk) => Promise<Report>;
    };

/** Closes over the input's type. */
export function operatorCommand<Input extends z.ZodType>(spec: CommandSpec<Input>): OperatorCommand {
  return {
    path: spec.path,
    summary: spec.summary,
    parameters: spec.parameters ?? [],
    options: spec.options ?? [],
    acts: spec.question !== undefined,
    prepare(raw) {
      const parsed = spec.input.safeParse(raw);
      if (!parsed.success) {
        const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
        return { kind: "wrong_usage", faults };
      }
      const { data } = parsed;
      return { kind: "ready", question: spec.question?.(data), run: (desk) => spec.run(desk, data) };
    },
  };
}
