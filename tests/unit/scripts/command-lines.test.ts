import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..", "..", "..");

test.each([
  "bun scripts/docs.ts --chek",
  "bun scripts/docs.ts check",
  "bun scripts/redis-users.ts --chek",
  "bun scripts/telemetry/main.ts dashboards --chek",
  "bun scripts/telemetry/main.ts dashboards --binaries dist",
  "bun scripts/telemetry/main.ts rehearsal 30 --binarys dist",
  "bun scripts/telemetry/main.ts rehearsal 30 10",
  "bun scripts/telemetry/main.ts rehearsal thirty",
  "bun scripts/telemetry/main.ts prometheus",
  "bun scripts/telemetry/main.ts",
  "bun tests/systemd/main.ts --ful",
  "bun tests/systemd/main.ts first-boots",
  "sh scripts/release --dry-run",
])("%s: what is not known is told, and nothing is done", (line) => {
  const run = Bun.spawnSync(line.split(" "), { cwd: ROOT, stdout: "pipe", stderr: "pipe", timeout: 20_000 });
  expect({ code: run.exitCode, out: run.stdout.toString() }).toEqual({ code: 2, out: "" });
  expect(run.stderr.toString().length).toBeGreaterThan(20);
});
