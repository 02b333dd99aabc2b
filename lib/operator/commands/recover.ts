import { join } from "node:path";
import { z } from "zod";
import { EXIT_CODES, type ExitCode } from "../../contract/exit-codes.ts";
import { ROLES } from "../../contract/roles.ts";
import { operatorCommand } from "../command.ts";

/** Runs the stream recovery binary now, as its timer does. */
export const recoverCommand = operatorCommand({
  path: "recover",
  summary: "run stream recovery now",
  options: [["--dry-run", "only say what would be done"]],
  input: z.object({ dryRun: z.boolean().default(false) }),
  question: ({ dryRun }) =>
    dryRun
      ? "Look at the streams without changing them?"
      : "Claim stale entries, delete dead consumers, trim?",
  async run(desk, { dryRun }) {
    const binary = join(desk.binaries, ROLES["stream-recover"].binary);
    const child = Bun.spawn([binary, ...(dryRun ? ["--dry-run"] : [])], {
      stdout: "pipe",
      stderr: "pipe",
      env: { ...desk.environment },
    });
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    const lines = `${out}${err}`.split("\n").filter((line) => line !== "");
    return { json: { exit_code: code, output: lines }, lines, exitCode: knownCode(code) };
  },
});

function knownCode(code: number): ExitCode {
  return Object.values(EXIT_CODES).find((known) => known === code) ?? EXIT_CODES.crash;
}
