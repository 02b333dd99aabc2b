import { afterEach, beforeEach, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { z } from "zod";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { admit } from "../../../lib/kernel/admit.ts";
import type { FunctionCaller } from "../../../lib/kernel/function-call.ts";
import { librarySource } from "../../../lib/kernel/library.ts";
import { claimMode } from "../../../lib/kernel/switches.ts";
import { type ChildProcess, startProcess } from "../../../scripts/stack/child-process.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** The shipped configuration and users, as install.sh renders them, on a server of this test's own. */
const SHIPPED = join(import.meta.dir, "../../../systemd/redis");
const TEMPLATE = readFileSync(join(SHIPPED, "quantum-users.acl.template"), "utf8");
const keys = keysOf("");

let folder = "";
let server: ChildProcess;

const passwordOf = (user: string) => `secret-of-${user}`;

function renderUsers(template: string): string {
  return template
    .replaceAll("@NAMESPACE@", "")
    .replace(/^user (\S+) on @PASSWORD@/gm, (_line, user: string) => {
      return `user ${user} on #${createHash("sha256").update(passwordOf(user)).digest("hex")}`;
    });
}

async function start(): Promise<void> {
  const overridden = ["--port", "0", "--unixsocket", join(folder, "redis.sock"), "--dir", folder];
  server = startProcess({
    name: "redis-server",
    command: [
      ...["redis-server", join(SHIPPED, "quantum.conf"), ...overridden],
      ...["--aclfile", join(folder, "users.acl"), "--save", ""],
    ],
    env: {},
    logFile: join(folder, "redis.log"),
  });
  await waitUntil(
    "redis-server answers",
    async () => (await as("quantumctl", (run) => run("PING"))) === "PONG",
  );
}

type Run = (...args: string[]) => Promise<unknown>;

/** One connection as one of the shipped users. */
async function as<T>(user: string, act: (run: Run) => Promise<T>): Promise<T> {
  const client = createClient({
    ...{ RESP: 2 as const, username: user, password: passwordOf(user) },
    socket: { path: join(folder, "redis.sock"), reconnectStrategy: false },
  });
  client.on("error", () => {});
  await client.connect();
  try {
    return await act((...args) => client.sendCommand(args));
  } finally {
    client.destroy();
  }
}

const callerOf = (run: Run): FunctionCaller => ({
  command: (args) => run(...args),
  serverNowMs: () => Date.now(),
  deadlineMs: 60_000,
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "redis-restart-"));
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const CONTENT: Readonly<Record<string, (key: string) => readonly string[]>> = {
  string: (key) => ["GET", key],
  hash: (key) => ["HGETALL", key],
  list: (key) => ["LRANGE", key, "0", "-1"],
  zset: (key) => ["ZRANGE", key, "0", "-1", "WITHSCORES"],
  stream: (key) => ["XRANGE", key, "-", "+"],
};

/** Every key with its content, its end of life, and what its groups hold. */
async function everything(run: Run): Promise<Readonly<Record<string, unknown>>> {
  const found: Record<string, unknown> = {};
  const [, names] = z
    .tuple([z.string(), z.array(z.string())])
    .parse(await run("SCAN", "0", "COUNT", "10000"));
  for (const key of names.toSorted()) {
    const type = String(await run("TYPE", key));
    const content = await run(...(CONTENT[type]?.(key) ?? ["TYPE", key]));
    const pending =
      type === "stream" && key === keys.decisionStream ? await run("XPENDING", key, GROUPS.router) : null;
    found[key] = { type, content, pending, ends: await run("PEXPIRETIME", key) };
  }
  return found;
}

/** What a day writes: decisions, admissions in one call, a beat in a transaction, the account. */
async function work(): Promise<void> {
  await as("quantumctl", async (run) => {
    await run("FUNCTION", "LOAD", librarySource());
    await run("SET", keys.kill, "0");
  });
  for (let n = 1; n <= 3; n += 1) {
    await as("ai-engine", (run) => run("XADD", keys.decisionStream, `${n}-1`, "payload", "{}"));
  }
  await as("ai-strategy-router", async (run) => {
    await run("XGROUP", "CREATE", keys.decisionStream, GROUPS.router, "0");
    await run("XREADGROUP", "GROUP", GROUPS.router, "router-i", "STREAMS", keys.decisionStream, ">");
    const requests = [1, 2].map((n) => ({
      ...{ id: `${n}-1`, kind: "entry" as const, symbol: "ETHUSDT", side: "BUY", document: "{}" },
      ...{ correlationId: `c${n}`, traceId: `t${n}`, intentId: `i${n}` },
    }));
    const limits = {
      windowSec: 3600,
      globalMax: 9,
      symbolMax: 9,
      cooldownSec: 3600,
      window: "sliding" as const,
    };
    const { verdicts } = await admit(callerOf(run), keys, {
      limits: { ...limits, dailyMax: 100, backlogMax: 10, routerPid: 1 },
      ...{ requests, rates: "check" },
    });
    expect(verdicts.map(({ kind }) => kind)).toEqual(["ADMITTED", "ADMITTED"]);
    await run("MULTI");
    await run("HSET", `${keys.rolePrefix}ai-strategy-router:i`, "boot_id", "b");
    await run("HINCRBY", `${keys.statsPrefix}ai-strategy-router`, "restarts:i", "1");
    expect(await run("EXEC")).toEqual([1, 1]);
  });
  await as("execution", async (run) => {
    const claim = { mode: "PAPER" as const, account: "a", record: true };
    expect(await claimMode(callerOf(run), keys, claim)).toEqual({ kind: "agreed" });
  });
}

test("nothing is lost by kill -9 and a restart under the shipped users, transactions included", async () => {
  writeFileSync(join(folder, "users.acl"), renderUsers(TEMPLATE));
  await start();
  await work();
  const before = await as("quantumctl", everything);
  expect(Object.keys(before)).toContain(keys.intentStream);
  expect(before[keys.decisionStream]).toMatchObject({ pending: [1, "3-1", "3-1", [["router-i", "1"]]] });
  server.signal("SIGKILL");
  await server.exited;
  await start();
  expect(await as("quantumctl", everything)).toEqual(before);
  // The library is data, too: the next admission finds it.
  const libraries = await as("quantumctl", (run) => run("FUNCTION", "LIST"));
  expect(JSON.stringify(libraries)).toContain("admit_v1");
  await server.stop();
  await start();
  expect(await as("quantumctl", everything)).toEqual(before);
}, 120_000);

test("nobody gets in without a name", async () => {
  writeFileSync(join(folder, "users.acl"), renderUsers(TEMPLATE));
  await start();
  const client = createClient({
    RESP: 2,
    socket: { path: join(folder, "redis.sock"), reconnectStrategy: false },
  });
  client.on("error", () => {});
  await client.connect();
  expect(await client.sendCommand(["GET", keys.kill]).catch(String)).toMatch(/NOAUTH/);
  expect(await client.sendCommand(["AUTH", "default", ""]).catch(String)).toMatch(/WRONGPASS/);
  client.destroy();
}, 120_000);
