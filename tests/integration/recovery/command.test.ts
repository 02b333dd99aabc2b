import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { type RecoveryBench, startRecoveryBench } from "../../support/recovery-bench.ts";

const COMMAND = join(import.meta.dir, "..", "..", "..", "cmd", "stream-recover.ts");

let bench: RecoveryBench;
let folder: string;
beforeAll(async () => {
  bench = await startRecoveryBench();
  folder = mkdtempSync(join(tmpdir(), "recover-"));
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => bench.reset());

/** Runs the program as a unit or a person does; `env` replaces variables, undefined leaves one out. */
async function recover(options: {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}) {
  const env = { TRADING_MODE: "PAPER", REDIS_URL: bench.server.url, QUANTUM_INSTANCE: "t", ...options.env };
  const child = Bun.spawn(["bun", COMMAND, ...(options.args ?? [])], {
    env: Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : []))),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const lines = out
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
  return { code, lines, out, err };
}

const messages = (lines: readonly Readonly<Record<string, unknown>>[]) => lines.map((line) => line["msg"]);

test("a run says what it found as one JSON line, and as a table for a person", async () => {
  await bench.leavePending("execution-a", [["data", "not JSON"]]);
  const { code, lines, err } = await recover({});
  expect(code).toBe(0);
  expect(messages(lines)).toEqual(["streams recovered"]);
  expect(lines[0]).toMatchObject({ level: "warn", mode: "PAPER", dryRun: false, problems: [] });
  expect(JSON.stringify(lines[0])).toContain('"deadLetters":1');
  for (const part of ["stream recovery (PAPER)", bench.keys.intentStream, "! "]) expect(err).toContain(part);
});

test("--dry-run changes nothing and says so", async () => {
  const [id = ""] = await bench.leavePending("execution-a", [["data", "not JSON"]]);
  const { code, lines, err } = await recover({ args: ["--dry-run"] });
  expect([code, messages(lines)]).toEqual([0, ["streams looked at, nothing was changed"]]);
  expect(err).toContain("dry run: nothing was changed");
  expect(await bench.pendingOf("execution-a")).toEqual([id]);
});

test("Redis that is not there is one line and no failure", async () => {
  const { code, lines, err } = await recover({ env: { REDIS_URL: `unix://${join(folder, "none.sock")}` } });
  expect([code, messages(lines), err]).toEqual([0, ["Redis is not there: nothing was recovered"], ""]);
});

test("Redis that does not take the password is a failure: no later run would trim a stream either", async () => {
  await bench.run("ACL", "SETUSER", "recover", "on", ">right", "~*", "+@all");
  const as = (password: string) => bench.server.url.replace("unix://", `unix://recover:${password}@`);
  const refused = await recover({ env: { REDIS_URL: as("wrong") } });
  expect(refused.code).toBe(78);
  expect(JSON.stringify(refused.lines)).toContain("WRONGPASS");
  expect((await recover({ env: { REDIS_URL: as("right") } })).code).toBe(0);
});

test.each([
  ["call functions", ["-fcall"]],
  ["trim, which the function does for it", ["-xtrim"]],
])("an account that may not %s is a failure, and does what it may", async (_name, rights) => {
  const { decisionStream, faultStream } = bench.keys;
  for (let n = 0; n < 1010; n += 1) await bench.run("XADD", faultStream, "*", "n", String(n));
  await bench.run("XGROUP", "DESTROY", decisionStream, GROUPS.router);
  await bench.run("ACL", "SETUSER", "recover", "reset", "on", ">right", "~*", "+@all", ...rights);
  const REDIS_URL = bench.server.url.replace("unix://", "unix://recover:right@");
  const { code, lines } = await recover({ env: { REDIS_URL } });
  expect(code).toBe(78);
  expect(lines).toMatchObject([{ level: "fatal", keptOut: true }]);
  expect(JSON.stringify(lines[0]?.["problems"])).toContain(faultStream);
  expect(await bench.run("XLEN", faultStream)).toBe(1010);
  expect(JSON.stringify(await bench.run("XINFO", "GROUPS", decisionStream))).toContain(GROUPS.router);
});

test("Redis that is read-only is told in one line, without a failure", async () => {
  await bench.run("CONFIG", "SET", "min-replicas-to-write", "1");
  const { code, lines } = await recover({});
  await bench.run("CONFIG", "SET", "min-replicas-to-write", "0");
  expect(code).toBe(0);
  expect(messages(lines)).toEqual(["Redis went away or refuses: not everything was recovered"]);
});

test("Redis that is out of memory gets memory back, whatever else cannot be done", async () => {
  const { faultStream, intentStream } = bench.keys;
  await bench.run("XGROUP", "DESTROY", intentStream, GROUPS.executionIntents);
  for (let n = 0; n < 1010; n += 1) await bench.run("XADD", faultStream, "*", "n", String(n));
  await bench.run("CONFIG", "SET", "maxmemory", "1");
  const { code, lines } = await recover({});
  await bench.run("CONFIG", "SET", "maxmemory", "0");
  expect([code, messages(lines)]).toEqual([0, ["streams recovered"]]);
  expect(JSON.stringify(lines[0]?.["problems"])).toContain(`${intentStream}: OOM`);
  expect(await bench.run("XLEN", faultStream)).toBe(1000);
});

test("Redis that takes the password and allows nothing is a failure, too", async () => {
  await bench.run("ACL", "SETUSER", "bare", "on", ">right", "~*", "-@all", "+auth", "+hello");
  const bare = bench.server.url.replace("unix://", "unix://bare:right@");
  const { code, lines } = await recover({ env: { REDIS_URL: bare } });
  expect([code, messages(lines)]).toEqual([
    78,
    ["Redis keeps this account out: nothing was recovered or trimmed"],
  ]);
});

test("Redis that hangs ends the run in time", async () => {
  bench.server.hang();
  const began = performance.now();
  const { code } = await recover({});
  bench.server.resume();
  expect(code).toBe(0);
  expect(performance.now() - began).toBeLessThan(30_000);
}, 120_000);

test("LIVE refuses claims and deletions in one line, and trims; RECOVER_IN_LIVE=1 permits them", async () => {
  const [id = ""] = await bench.leavePending("execution-a", [["data", "not JSON"]]);
  const refused = await recover({ env: { TRADING_MODE: "LIVE" } });
  expect(refused.code).toBe(0);
  expect(messages(refused.lines)).toEqual([
    "LIVE: nothing is claimed, put aside or deleted; RECOVER_IN_LIVE=1 permits it",
    "streams recovered",
  ]);
  expect(await bench.pendingOf("execution-a")).toEqual([id]);
  const permitted = await recover({ env: { TRADING_MODE: "LIVE", RECOVER_IN_LIVE: "1" } });
  expect(messages(permitted.lines)).toEqual(["streams recovered"]);
  expect(await bench.pendingOf("execution-a")).toEqual([]);
});

test("a Redis that belongs to another mode is left alone: a paper configuration cannot touch LIVE", async () => {
  await bench.run("SET", bench.keys.mode, "LIVE");
  const [id = ""] = await bench.leavePending("execution-a", [["data", "not JSON"]]);
  const { code, lines } = await recover({});
  expect(code).toBe(78);
  expect(messages(lines)).toEqual([
    "this Redis belongs to mode LIVE, TRADING_MODE is PAPER: nothing was done",
  ]);
  expect(await bench.pendingOf("execution-a")).toEqual([id]);
});

test("every fault of the configuration is named at once, a file that cannot be read by its path", async () => {
  const credentials = join(folder, "credentials");
  // A folder in the file's place cannot be read by root either.
  mkdirSync(join(credentials, "redis-url"), { recursive: true });
  const env = { TRADING_MODE: undefined, CREDENTIALS_DIRECTORY: credentials, STALE_IDLE_MS: "soon" };
  const { code, out, err } = await recover({ env });
  expect([code, out]).toEqual([78, ""]);
  for (const part of ["TRADING_MODE", "STALE_IDLE_MS", join(credentials, "redis-url")])
    expect(err).toContain(part);
});

test("a command line that is wrong is answered with the usage", async () => {
  const { code, err } = await recover({ args: ["--dryrun"] });
  expect(code).toBe(64);
  expect(err).toContain("usage: quantum-stream-recover [--dry-run]");
});
