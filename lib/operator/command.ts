import type { z } from "zod";
import type { ExitCode } from "../contract/exit-codes.ts";
import type { CommandContext, Surroundings } from "./command-context.ts";

/** What a command found or did: the same facts for people and for scripts. */
export interface Report {
  /** Printed by `--json`, one document; undefined where the command has recorded its documents itself. */
  readonly json: unknown;
  readonly lines: readonly string[];
  /** Default 0; 1 says "the answer is no". */
  readonly exitCode?: ExitCode;
}

interface CommandFace {
  /** As it is typed: `halt clear`. */
  readonly path: string;
  readonly summary: string;
  /** Positional arguments in commander's syntax, `<id>` or `[id]`, what they mean, and the only words they take. */
  readonly parameters?: readonly (readonly [syntax: string, meaning: string, choices?: readonly string[]])[];
  readonly options?: readonly (readonly [flags: string, meaning: string])[];
  /** Stands under the help: what the command does step by step, exit codes of its own. */
  readonly notes?: string;
}

interface CommandSpec<Input extends z.ZodType> extends CommandFace {
  /** Checks options and parameters together, under their camel-case names. */
  readonly input: Input;
  /** Asked before it acts; a command without one, or with undefined, only reads, or asks for itself. */
  readonly question?: (input: z.output<Input>) => string | undefined;
  /** `as it is`: the command runs although Redis does not answer. Default: it does not. */
  readonly redis?: "ready" | "as it is";
  run(context: CommandContext, input: z.output<Input>): Promise<Report>;
}

interface StandaloneSpec<Input extends z.ZodType> extends CommandFace {
  readonly input: Input;
  /** Runs without configuration and without Redis. */
  run(around: Surroundings, input: z.output<Input>): Promise<Report>;
}

/** A command with its input's type closed over, so that all of them fit into one list. */
export interface OperatorCommand extends Required<CommandFace> {
  /** Faults of the input in words, or what to ask and what to run. */
  prepare(raw: Readonly<Record<string, unknown>>): PreparedCommand;
}

type PreparedCommand =
  | { readonly kind: "wrong_usage"; readonly faults: readonly string[] }
  | {
      readonly kind: "ready";
      readonly question: string | undefined;
      readonly redis: "ready" | "as it is";
      readonly run: (context: CommandContext) => Promise<Report>;
    }
  | { readonly kind: "standalone"; readonly run: (around: Surroundings) => Promise<Report> };

/** Closes over the input's type. */
export function operatorCommand<Input extends z.ZodType>(spec: CommandSpec<Input>): OperatorCommand {
  return faced(spec, (input) => ({
    kind: "ready",
    question: spec.question?.(input),
    redis: spec.redis ?? "ready",
    run: (context) => spec.run(context, input),
  }));
}

/** The same for a command that needs neither configuration nor Redis. */
export function standaloneCommand<Input extends z.ZodType>(spec: StandaloneSpec<Input>): OperatorCommand {
  return faced(spec, (input) => ({ kind: "standalone", run: (around) => spec.run(around, input) }));
}

function faced<Input extends z.ZodType>(
  spec: CommandFace & { readonly input: Input },
  ready: (input: z.output<Input>) => PreparedCommand,
): OperatorCommand {
  const { path, summary, parameters = [], options = [], notes = "" } = spec;
  return {
    ...{ path, summary, parameters, options, notes },
    prepare(raw) {
      const parsed = spec.input.safeParse(raw);
      if (parsed.success) return ready(parsed.data);
      const faults = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
      return { kind: "wrong_usage", faults };
    },
  };
}
