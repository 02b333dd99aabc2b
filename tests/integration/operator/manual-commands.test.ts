import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RedisEye, type RedisProcess, startRedis } from "../../../scripts/stack/redis-process.ts";

/** The manual's `rc` runs redis-cli as the user quantumctl, with the rights that the shipped file gives it. */
const ROOT = join(import.meta.dir, "../../..");
const manual = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
const commands = [/`rc ([A-Z][^`]*)`/g, /^rc ([A-Z](?:\\\n|[^\n#])*)/gm].flatMap((written) =>
  [...manual.matchAll(written)].map(([, line = ""]) => line.replaceAll(/\\?\n/g, " ").trim()),
);

const folder = mkdtempSync(join(tmpdir(), "manual-commands-"));
let redis: RedisProcess;
let eye: RedisEye;

beforeAll(async () => {
  redis = await startRedis({ folder, appendfsync: "everysec" });
  eye = await redis.eye();
  const users = readFileSync(join(ROOT, "systemd/redis/quantum-users.acl.template"), "utf8");
  const line = users.split("\n").find((user) => user.startsWith("user quantumctl ")) ?? "";
  const shipped = line.replaceAll("@NAMESPACE@", "").replace("@PASSWORD@", ">secret");
  const [, ...words] = shipped.match(/\([^)]*\)|\S+/g) ?? [];
  expect(await eye.command("ACL", "SETUSER", ...words)).toBe("OK");
});
afterAll(async () => {
  eye.close();
  await redis.process().stop();
  rmSync(folder, { recursive: true, force: true });
});

test("the manual has commands to try", () => {
  expect(commands.length).toBeGreaterThan(20);
});

test.each(commands)("the operator may run: rc %s", async (command) => {
  // A placeholder stands for a stream, an id or a figure; a quoted or computed word is one word.
  const words = command
    .match(/"\$\([^)]*\)"|'[^']*'|\S+/g)
    ?.map((word) => word.replace(/^'|'$/g, "").replace(/^<(?:stream|key)>$/, "quantum:stream:trade.intent"));
  expect(await eye.command("ACL", "DRYRUN", "quantumctl", ...(words ?? []))).toBe("OK");
});

test.each([
  ["redis://quantumctl:s3cret@127.0.0.1:6379", "s3cret -h 127.0.0.1 -p 6379"],
  ["redis://quantumctl:s3cret@10.0.0.5", "s3cret -h 10.0.0.5 -p 6379"],
  ["rediss://quantumctl:s3cret@redis.lan:6380/0", "s3cret -h redis.lan -p 6380 --tls"],
])("its rc asks the Redis of %s", (url, asked) => {
  writeFileSync(join(folder, "redis-url-quantumctl"), `${url}\n`);
  const standIn = '#!/bin/sh\necho "$REDISCLI_AUTH" "$@"\n';
  writeFileSync(join(folder, "redis-cli"), standIn, { mode: 0o755 });
  const rc = /^rc\(\) \{[\s\S]*?; \}$/m.exec(manual)?.[0].replaceAll("/etc/quantum/credentials", folder);
  const run = Bun.spawnSync(["bash", "-c", `${rc}\nrc GET 'a b'`], {
    env: { PATH: `${folder}:${Bun.env["PATH"]}` },
  });
  expect(run.stdout.toString()).toBe(`${asked} --user quantumctl --no-auth-warning GET a b\n`);
});
