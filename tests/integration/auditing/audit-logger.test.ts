import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { verifyFiles } from "../../../lib/auditing/verify-files.ts";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { freePort } from "../../../scripts/stack/trading-stack.ts";
import { BINARIES } from "../../support/pipeline.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const keys = keysOf("");
const STREAMS = [
  ...[keys.panicStream, keys.panicCompletedStream, keys.faultStream, keys.resultStream, keys.auditStream],
];
const BINARY = join(BINARIES, "quantum-audit-logger");

/** The compiled logger on its own Redis, which may be killed and started again. */
async function stage() {
  const folder = mkdtempSync(join(tmpdir(), "audit-logger-"));
  const redis = await startRedisServer({ aof: true, appendfsync: "always" });
  const port = freePort();
  const env = {
    ...{ PATH: Bun.env["PATH"] ?? "", TRADING_MODE: "PAPER", REDIS_URL: redis.url, QUANTUM_INSTANCE: "i" },
    ...{ ADMIN_PORT: String(port), STATE_DIR: folder, STALE_IDLE_MS: "1000" },
  };
  let child: Bun.Subprocess | undefined;
  const start = (command: readonly string[] = [BINARY]) => {
    child = Bun.spawn([...command], { env, stdin: "ignore", stdout: "pipe", stderr: "ignore" });
    return child;
  };
  const files = () =>
    readdirSync(folder)
      .filter((name) => name.endsWith(".jsonl"))
      .sort()
      .map((name) => join(folder, name));
  return {
    ...{ folder, redis, start, files, url: `http://127.0.0.1:${port}` },
    async [Symbol.asyncDispose]() {
      child?.kill("SIGKILL");
      await child?.exited;
      await redis[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const lineSchema = z.looseObject({
  stream: z.string(),
  id: z.string(),
  fields: z.record(z.string(), z.string()),
});
const linesOf = (files: readonly string[]) =>
  files.flatMap((path) =>
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => lineSchema.parse(JSON.parse(line))),
  );

/** Also while somebody writes the next one, or was killed at it. */
const endedLines = (files: readonly string[]) =>
  files.reduce((sum, path) => sum + readFileSync(path, "utf8").split("\n").length - 1, 0);

/** `count` entries on every stream, in one round trip each. */
async function publish(redis: RedisServer, count: number, tag: string): Promise<void> {
  for (const stream of STREAMS) {
    const script = `for i = 1, tonumber(ARGV[1]) do redis.call('XADD', KEYS[1], '*', 'n', ARGV[2] .. i) end`;
    await redis.cli("EVAL", script, "1", stream, String(count), tag);
  }
}

async function allAcknowledged(redis: RedisServer, count: number): Promise<boolean> {
  for (const stream of STREAMS) {
    if (Number(await redis.cli("XLEN", stream)) !== count) return false;
    const groups = await redis.cli("XINFO", "GROUPS", stream);
    if (!groups.includes(GROUPS.auditLogger)) return false;
    if (!/\npending\n0\n/.test(groups) || !/\nlag\n0$/.test(groups)) return false;
  }
  return true;
}

describe("the audit logger", () => {
  test("writes every entry of its five streams once, in their order, and acknowledges it", async () => {
    await using on = await stage();
    on.start();
    await publish(on.redis, 200, "a");
    await waitUntil("all are acknowledged", () => allAcknowledged(on.redis, 200));
    const lines = linesOf(on.files());
    for (const stream of STREAMS) {
      const own = lines.filter((line) => line.stream === stream).map((line) => line.fields["n"]);
      expect(own).toEqual(Array.from({ length: 200 }, (_, at) => `a${at + 1}`));
    }
    expect(verifyFiles(on.files())).toMatchObject({ lines: 1000, problems: [] });
    const verdict = Bun.spawnSync([BINARY, "--verify", ...on.files()]);
    expect([verdict.exitCode, verdict.stdout.toString()]).toEqual([
      0,
      expect.stringMatching(/^intact: 1000 lines/),
    ]);
  });

  test("killed -9 again and again while entries come has one line for each", async () => {
    await using on = await stage();
    for (let life = 0; life < 6; life += 1) {
      const before = endedLines(on.files());
      const child = on.start();
      await publish(on.redis, 50, `life${life}-`);
      await waitUntil("it wrote some", () => endedLines(on.files()) > before);
      child.kill("SIGKILL");
      await child.exited;
    }
    on.start();
    await waitUntil("all are acknowledged", () => allAcknowledged(on.redis, 300));
    const ids = linesOf(on.files()).map((line) => `${line.stream} ${line.id}`);
    expect(ids).toHaveLength(1500);
    expect(new Set(ids).size).toBe(1500);
    expect(verifyFiles(on.files()).problems).toEqual([]);
  });

  test("on a full disk acknowledges nothing, says so, and goes on when there is space", async () => {
    await using on = await stage();
    // The kernel's own limit on a file's size stands for the full disk: a short write, then an error.
    const limited = on.start(["sh", "-c", `trap '' XFSZ; ulimit -S -f 20; exec ${BINARY}`]);
    const ready = async () => (await fetch(`${on.url}/readyz`)).ok;
    await waitUntil("it is ready", ready);
    await publish(on.redis, 300, "full");
    const said = async () => (await fetch(`${on.url}/readyz`)).text();
    await waitUntil("it says so", async () => (await said()).includes("was not written"));
    // Each attempt leaves half a line for a moment, until it is cut off.
    const whole = () => verifyFiles(on.files()).problems.length === 0 && linesOf(on.files());
    for (const line of await waitUntil("every line is whole", whole))
      expect(line.fields["n"]).toStartWith("full");
    expect(await allAcknowledged(on.redis, 300)).toBe(false);
    expect(Bun.spawnSync(["prlimit", "--fsize=unlimited", "--pid", String(limited.pid)]).exitCode).toBe(0);
    await waitUntil("all are acknowledged", () => allAcknowledged(on.redis, 300));
    expect(verifyFiles(on.files())).toMatchObject({ lines: 1500, problems: [] });
    await waitUntil("it is ready again", ready);
  });

  test("survives a Redis that is killed and started again", async () => {
    await using on = await stage();
    on.start();
    await publish(on.redis, 20, "a");
    await waitUntil("all are acknowledged", () => allAcknowledged(on.redis, 20));
    await on.redis.restart({ kill: true });
    await publish(on.redis, 20, "b");
    await waitUntil("all are acknowledged", () => allAcknowledged(on.redis, 40));
    expect(verifyFiles(on.files())).toMatchObject({ lines: 200, problems: [] });
  });
});

describe("the end of the chain", () => {
  test("is kept in Redis, and files that were cut meanwhile are reported", async () => {
    await using on = await stage();
    const child = on.start();
    await publish(on.redis, 3, "a");
    await waitUntil("all are acknowledged", () => allAcknowledged(on.redis, 3));
    const stats = `${keys.statsPrefix}audit-logger`;
    const remembered = async () => [
      await on.redis.cli("HGET", stats, "head_seq"),
      await on.redis.cli("HGET", stats, "head_hash"),
    ];
    await waitUntil("the last line is remembered", async () => (await remembered())[0] === "15");
    const head = verifyFiles(on.files()).head;
    expect(await remembered()).toEqual(["15", head?.hash ?? ""]);
    child.kill("SIGKILL");
    await child.exited;
    const [file = ""] = on.files();
    writeFileSync(file, readFileSync(file, "utf8").split("\n").slice(0, 12).join("\n").concat("\n"));
    expect(verifyFiles([file]).problems).toEqual([]);
    expect(verifyFiles([file], head).problems).toHaveLength(1);
    on.start();
    const metrics = async () => (await fetch(`${on.url}/metrics`)).text();
    await waitUntil("three lines are missed", async () =>
      /quantum_audit_missing_lines 3\n/.test(await metrics()),
    );
    await publish(on.redis, 1, "b");
    await waitUntil("all are acknowledged", () => allAcknowledged(on.redis, 4));
    expect(await on.redis.cli("HGET", stats, "head_missing_seq")).toBe("15");
    expect(await on.redis.cli("HGET", stats, "head_missing_hash")).toBe(head?.hash ?? "");
  });
});
