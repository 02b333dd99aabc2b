import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { EXIT_CODES, type ExitCode } from "../../contract/exit-codes.ts";
import { parseJson } from "../../contract/json-text.ts";
import { ROLES } from "../../contract/roles.ts";
import { operatorCommand, type Report } from "../command.ts";
import type { CommandContext } from "../command-context.ts";

/** Runs the stream recovery binary now, as its timer does. */
export const recoverCommand = operatorCommand({
  path: "recover",
  summary: "run stream recovery now",
  options: [["--dry-run", "only say what would be done"]],
  notes: "In LIVE it claims and deletes nothing unless RECOVER_IN_LIVE=1; it trims in every mode.",
  input: z.object({ dryRun: z.boolean().default(false) }),
  question: ({ dryRun }) =>
    dryRun ? undefined : "Claim stale entries, delete dead consumers, trim streams?",
  redis: "as it is",
  run: (context, { dryRun }) => recoverNow(context, dryRun),
});

/** Runs the binary to its end; its exit code is the command's. */
export async function recoverNow(
  context: Pick<CommandContext, "binaries" | "recoveryEnvironment">,
  dryRun: boolean,
): Promise<Report> {
  const binary = join(context.binaries, ROLES["stream-recover"].binary);
  if (!isThere(binary)) {
    const why = `${binary} is missing: it belongs beside quantumctl`;
    return { json: { recovered: false, why }, lines: [why], exitCode: EXIT_CODES.dependencyAbsent };
  }
  const child = Bun.spawn([binary, ...(dryRun ? ["--dry-run"] : [])], {
    ...({ stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const),
    env: { ...context.recoveryEnvironment },
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  // Its stdout is one line for the journal, its stderr a table for people.
  const table = err.split("\n").filter((line) => line !== "");
  return {
    json: { exit_code: code, report: documentOf(out), messages: table },
    lines: table.length === 0 ? out.split("\n").filter((line) => line !== "") : table,
    exitCode: knownCode(code),
  };
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The last of its lines; null where it wrote none that parses. */
function documentOf(out: string): unknown {
  return parseJson(out.trimEnd().split("\n").at(-1)) ?? null;
}

function knownCode(code: number): ExitCode {
  return Object.values(EXIT_CODES).find((known) => known === code) ?? EXIT_CODES.crash;
}
