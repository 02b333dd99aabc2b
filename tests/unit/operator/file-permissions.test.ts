import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filePermissions } from "../../../lib/operator/doctor/file-permissions.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "permissions-"));
  chmodSync(folder, 0o750);
  mkdirSync(join(folder, "credentials"), { mode: 0o700 });
  write("quantum.env", "TRADING_MODE=PAPER\n", 0o640);
  write("credentials/binance-api-key", "k", 0o600);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string, mode: number): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
}

test("a folder as install.sh makes it is fine, and none at all is nothing to speak of", async () => {
  expect(await filePermissions(folder)).toMatchObject([{ verdict: "ok", check: "permissions" }]);
  expect(await filePermissions(join(folder, "nowhere"))).toEqual([]);
});

test.each([
  ["quantum.env", "TRADING_MODE=PAPER\n", 0o644, "mode 0644"],
  ["quantum.env", "TRADING_MODE=PAPER\n", 0o660, "mode 0660"],
  ["credentials/binance-api-key", "k", 0o640, "mode 0640"],
  ["core_gates.env", "BINANCE_API_SECRET=abc\n", 0o640, "holds a secret: BINANCE_API_SECRET"],
])("%s with %p and %o is a fault with what to do, and no secret is shown", async (...file) => {
  const [name, text, mode, words] = file;
  write(name, text, mode);
  const findings = await filePermissions(folder);
  expect(findings).toMatchObject([{ verdict: "fault", check: join(folder, name), what: words }]);
  expect(findings[0]?.hint).not.toBe("");
  expect(JSON.stringify(findings)).not.toContain("abc");
});
