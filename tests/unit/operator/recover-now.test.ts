import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recoverNow } from "../../../lib/operator/commands/recover.ts";

const binaries = mkdtempSync(join(tmpdir(), "quantum-recover-"));
afterAll(() => rmSync(binaries, { recursive: true, force: true }));

/** A recovery that says its options and ends so. */
function recovery(code: number): void {
  const script = `#!/bin/sh\necho '{"options":"'"$*"'"}'\necho "a table" >&2\nexit ${code}\n`;
  writeFileSync(join(binaries, "quantum-stream-recover"), script, { mode: 0o755 });
}

test("without the binary it says where it belongs, with 75", async () => {
  const report = await recoverNow({ binaries, recoveryEnvironment: {} }, false);
  expect(report).toMatchObject({ exitCode: 75, lines: [expect.stringContaining("is missing")] });
});

test.each([
  [0, 0],
  [75, 75],
  [78, 78],
  [139, 1],
] as const)("a recovery that ends with %i is told with %i", async (code, told) => {
  recovery(code);
  const report = await recoverNow({ binaries, recoveryEnvironment: {} }, true);
  expect(report.exitCode).toBe(told);
  expect(report.json).toMatchObject({ exit_code: code, report: { options: "--dry-run" } });
  expect(report.lines).toEqual(["a table"]);
});
