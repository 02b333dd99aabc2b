import { expect, test } from "bun:test";
import { join } from "node:path";
import { wholeOption } from "../../../scripts/whole-option.ts";

const ROOT = join(import.meta.dir, "..", "..", "..");

test.each(["", "x", "-1", "1.5", "1e3", " 7", "0", "1000000000"])("%j is no number of kills", (text) => {
  expect(() => wholeOption("kills", text)).toThrow("--kills: ");
});

test("what is a whole number in its range is taken", () => {
  expect([wholeOption("kills", "200"), wholeOption("port", "0", { min: 0, max: 65_535 })]).toEqual([200, 0]);
  expect(() => wholeOption("port", "65536", { min: 0, max: 65_535 })).toThrow("from 0 to 65535");
});

test.each([
  ["tests/chaos/trading.ts", "--kills"],
  ["tests/chaos/backlog.ts", "--decisions"],
  ["tests/fuzz/main.ts", "--runs"],
])("%s starts nothing for %s many", (program, option) => {
  const run = Bun.spawnSync(["bun", join(ROOT, program), option, "many"], { stdout: "pipe", stderr: "pipe" });
  expect(run.exitCode).toBe(2);
  expect(String(run.stderr)).toContain(`${option}: "many" is not a whole number`);
  expect(String(run.stdout)).toBe("");
});
