import type { ExitCode } from "../contract/exit-codes.ts";

/**
 * Ends the process with a code of the table on purpose: thrown by `build` or `run` of a daemon. Used where
 * a restart cannot help (another account than the recorded one: 78; a panic left open: 76).
 */
export class ProcessExit extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string;
  constructor(
    exitCode: ExitCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "ProcessExit";
    this.exitCode = exitCode;
    this.hint = options.hint ?? "";
  }
}
