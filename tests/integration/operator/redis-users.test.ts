import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keysOf } from "../../../lib/contract/keys.ts";
import { ROLES, type Role } from "../../../lib/contract/roles.ts";
import { librarySource } from "../../../lib/kernel/library.ts";
import { aclLine } from "../../../lib/operator/redis-user.ts";
import { redisUsers } from "../../../lib/operator/redis-users.ts";
import { type ChildProcess, lastLines, startProcess } from "../../../scripts/stack/child-process.ts";
import { type RedisEye, type RedisProcess, startRedis } from "../../../scripts/stack/redis-process.ts";
import { freePort } from "../../../scripts/stack/trading-stack.ts";
import { BINARIES, decide, publish, resultOf } from "../../support/pipeline.ts";
import { HELD_PRICES, validDecision } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** The whole pipeline with every role under its own Redis user, as install.sh sets it up. */
const NAMESPACE = "{acl}";
const keys = keysOf(NAMESPACE);
const folder = mkdtempSync(join(tmpdir(), "redis-users-"));
const children: ChildProcess[] = [];
let redis: RedisProcess;
let eye: RedisEye;
let venueUrl = "";

const urlOf = (user: string) => redis.url.replace("unix://", `unix://${user}:secret-of-${user}@`);

async function start(role: Role, env: Record<string, string> = {}): Promise<string> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = startProcess({
    name: role,
    command: [join(BINARIES, ROLES[role].binary)],
    env: {
      ...{
        TRADING_MODE: "PAPER",
        REDIS_URL: urlOf(role),
        QUANTUM_NAMESPACE: NAMESPACE,
        QUANTUM_INSTANCE: "i",
      },
      ...{ ADMIN_PORT: String(port), ADMIN_TOKEN: "token", STATE_DIR: join(folder, role) },
      ...{ HALT_FILE: join(folder, "halted"), PANIC_SOCKET: join(folder, "panic.sock") },
      ...(venueUrl === ""
        ? {}
        : { EXCHANGE_REST_URL: venueUrl, EXCHANGE_WS_URL: venueUrl.replace("http", "ws") }),
      ...env,
    },
    logFile: join(folder, `${role}.log`),
  });
  children.push(child);
  try {
    await waitUntil(`${role} is ready`, async () => (await fetch(`${url}/readyz`)).ok);
  } catch (cause) {
    throw new Error(lastLines(child), { cause });
  }
  return url;
}

beforeAll(async () => {
  redis = await startRedis({ folder, appendfsync: "always" });
  eye = await redis.eye();
  for (const user of redisUsers(NAMESPACE)) {
    const [, ...words] = aclLine(user, `>secret-of-${user.name}`).match(/\([^)]*\)|\S+/g) ?? [];
    expect(await eye.command("ACL", "SETUSER", ...words)).toBe("OK");
  }
  await eye.command("FUNCTION", "LOAD", librarySource());
  await eye.command("SET", keys.kill, "0");
  venueUrl = await start("paper-exchange", { PAPER_SPEED: "0" });
  for (const [symbol, price] of Object.entries(HELD_PRICES)) {
    const body = JSON.stringify({ symbol, price });
    await fetch(`${venueUrl}/paper/market`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
  }
  for (const role of RUNNING) await start(role);
}, 120_000);
afterAll(async () => {
  for (const child of children.toReversed()) await child.stop();
  eye.close();
  await redis.process().stop();
  rmSync(folder, { recursive: true, force: true });
});

const RUNNING: readonly Role[] = [
  "emergency-exit-worker",
  "exit-brain",
  "exit-brain-watchdog",
  "execution",
  "ai-strategy-router",
  "audit-logger",
];

/** What Redis refused to anybody, but for what this test itself tries. */
async function refusals(): Promise<readonly string[]> {
  const log = await eye.command("ACL", "LOG", "256");
  return (Array.isArray(log) ? log : []).map((entry) => {
    const flat: readonly unknown[] = Array.isArray(entry) ? entry : [];
    const field = (name: string) => String(flat[flat.indexOf(name) + 1]);
    return `${field("username")}: ${field("reason")} ${field("object")} (${field("context")})`;
  });
}

describe("under their own users", () => {
  test("a decision becomes a result, a panic becomes flat, and nobody is refused anything", async () => {
    const view = { eye, keys };
    const trace = await decide(view, validDecision());
    const result = await resultOf(view, trace).catch(String);
    expect(await refusals()).toEqual([]);
    expect(result).toMatchObject({ status: "filled" });
    await decide(view, validDecision({ side: "CLOSE", timestamp: Date.now() }));
    await decide(view, validDecision({ symbol: "" }));
    await eye.command("XADD", keys.decisionStream, "*", "payload", "{not json");
    await publish(view, { nonsense: true });
    const event = crypto.randomUUID();
    await eye.command(
      ...["XADD", keys.panicStream, "*", "event_id", event, "reason", "drill", "severity", "CRITICAL"],
      ...["issued_by", "ops", "ts", String(Date.now())],
    );
    await waitUntil(
      "the panic is done",
      async () => Number(await eye.command("XLEN", keys.panicCompletedStream)) > 0,
    );
    expect(await refusals()).toEqual([]);
  }, 120_000);
});

describe("each forbidden thing is refused", () => {
  const add = (stream: string) => ["XADD", stream, "*", "a", "b"];
  const FORBIDDEN: readonly (readonly [user: string, what: string, command: readonly string[]])[] = [
    ["ai-engine", "read decisions", ["XRANGE", keys.decisionStream, "-", "+"]],
    ["ai-engine", "publish intents", add(keys.intentStream)],
    ["ai-engine", "arm trading", ["SET", keys.kill, "0"]],
    ["ai-engine", "call a panic", add(keys.panicStream)],
    ["risk-kernel", "publish decisions", add(keys.decisionStream)],
    ["risk-kernel", "clear the halt", ["HSET", keys.tradingState, "halted", "false"]],
    ["ai-strategy-router", "clear the halt", ["HSET", keys.tradingState, "halted", "false"]],
    ["ai-strategy-router", "call a panic", add(keys.panicStream)],
    ["ai-strategy-router", "write the order ledger", ["SET", `${keys.orderLedgerPrefix}x`, "1"]],
    ["ai-strategy-router", "replace functions", ["FUNCTION", "LOAD", "REPLACE", librarySource()]],
    ["execution", "arm trading", ["SET", keys.kill, "0"]],
    ["execution", "end safe mode", ["DEL", keys.safeMode]],
    ["execution", "clear the halt", ["HSET", keys.tradingState, "halted", "false"]],
    ["execution", "call a panic", add(keys.panicStream)],
    ["execution", "delete functions", ["FUNCTION", "DELETE", "quantum_kernel_v1"]],
    ["exit-brain", "publish entries", add(keys.intentStream)],
    ["exit-brain", "clear the halt", ["HSET", keys.tradingState, "halted", "false"]],
    ["exit-brain-watchdog", "beat for the exit brain", add(keys.heartbeatStream)],
    ["exit-brain-watchdog", "publish exits", add(keys.exitIntentStream)],
    ["emergency-exit-worker", "call a panic", add(keys.panicStream)],
    ["emergency-exit-worker", "arm trading", ["SET", keys.kill, "0"]],
    ["audit-logger", "write what it records", add(keys.auditStream)],
    ["safety-telemetry", "write a stream", add(keys.faultStream)],
    ["safety-telemetry", "end safe mode", ["DEL", keys.safeMode]],
    ["stream-recover", "call a panic", add(keys.panicStream)],
    ["quantumctl", "empty the server", ["FLUSHALL"]],
    ["quantumctl", "change the server's settings", ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]],
    ["quantumctl", "list all keys at once", ["KEYS", "*"]],
  ];

  test.each(FORBIDDEN)("%s may not %s", async (user, _what, command) => {
    expect(String(await eye.command("ACL", "DRYRUN", user, ...command))).toMatch(/no permissions|can't run/);
  });

  const ALLOWED: typeof FORBIDDEN = [
    ["ai-engine", "publish decisions", add(keys.decisionStream)],
    ...["exit-brain", "exit-brain-watchdog", "risk-kernel", "quantumctl"].map(
      (user) => [user, "call a panic", add(keys.panicStream)] as const,
    ),
    ["quantumctl", "replace functions", ["FUNCTION", "LOAD", "REPLACE", librarySource()]],
    ["quantumctl", "read the server's settings", ["CONFIG", "GET", "appendonly"]],
    ["quantumctl", "read the server's state", ["INFO"]],
    ["safety-telemetry", "look at groups", ["XINFO", "GROUPS", keys.intentStream]],
  ];
  test.each(ALLOWED)("%s may %s", async (user, _what, command) => {
    expect(await eye.command("ACL", "DRYRUN", user, ...command)).toBe("OK");
  });

  test("nobody may run a dangerous command", async () => {
    for (const user of redisUsers(NAMESPACE))
      for (const command of [["FLUSHDB"], ["SHUTDOWN"], ["DEBUG", "SLEEP", "1"], ["REPLICAOF", "NO", "ONE"]])
        expect(String(await eye.command("ACL", "DRYRUN", user.name, ...command))).not.toBe("OK");
  });
});

test("the installed file is what the code says", () => {
  const check = Bun.spawnSync(["bun", "scripts/redis-users.ts", "--check"], {
    cwd: join(import.meta.dir, "../../.."),
  });
  expect(check.exitCode).toBe(0);
});
