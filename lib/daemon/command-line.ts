import { EXIT_CODES, type ExitCode } from "../contract/exit-codes.ts";
import type { BuildIdentity } from "./build-identity.ts";

export interface CommandLineAnswer {
  readonly code: ExitCode;
  readonly text: string;
}

/**
 * A daemon takes everything from its environment: an argument is a question, or a mistake that must not start it.
 * Undefined without arguments. `also`: what the binary does besides, one line each.
 */
export function answerCommandLine(
  role: string,
  { version, git }: BuildIdentity,
  { args, also = [] }: { readonly args: readonly string[]; readonly also?: readonly string[] | undefined },
): CommandLineAnswer | undefined {
  const [first] = args;
  if (first === undefined) return undefined;
  const usage = `${[`usage: quantum-${role} [--help | --version]`, ...also].join("\n       ")}\n\nA daemon. Everything is configured by environment: docs/reference/configuration.md\n`;
  if (args.length === 1 && first === "--help") return { code: EXIT_CODES.clean, text: usage };
  if (args.length === 1 && first === "--version")
    return { code: EXIT_CODES.clean, text: `quantum-${role} ${version} ${git}\n` };
  return { code: EXIT_CODES.usage, text: `unexpected arguments: ${args.join(" ")}\n\n${usage}` };
}
