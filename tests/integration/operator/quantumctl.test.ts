import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { deadLetterStreamOf, keysOf } from "../../../lib/contract/keys.ts";
import { encodePanicCompletion } from "../../../lib/contract/panic.ts";
import { OPERATOR_COMMANDS } from "../../../lib/operator/commands.ts";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const keys = keysOf("");
const folder = mkdtempSync(join(tmpdir(), "quantum-operator-"));
const haltFile = join(folder, "halted");
let redis: RedisServer;
let venue: PaperFixture;

beforeAll(async () => {
  redis = await startRedisServer({ aof: true, appendfsync: "always" });
  venue = await startPaper();
});
afterAll(async () => {
  await venue[Symbol.asyncDispose]();
  await redis[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const ENVIRONMENT = () => ({
  PATH: Bun.env["PATH"] ?? "",
  ...{ TRADING_MODE: "PAPER", REDIS_URL: redis.url, EXCHANGE_REST_URL: venue.url },
  ...{ EXCHANGE_WS_URL: venue.wsUrl, HALT_FILE: haltFile, USER: "alice", NO_COLOR: "1" },
  // No file of this machine has a say.
  CREDENTIALS_DIRECTORY: folder,
});

function spawnQuantumctl(args: readonly string[], environment: Record<string, string> = {}) {
  return Bun.spawn(["bun", "cmd/quantumctl.ts", ...args], {
    cwd: join(import.meta.dir, "../../.."),
    env: { ...ENVIRONMENT(), ...environment },
    ...({ stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const),
  });
}

async function quantumctl(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawnQuantumctl(args, environment);
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { out, err, code };
}

async function json(...args: string[]): Promise<unknown> {
  const { out } = await quantumctl([...args, "--json"]);
  return JSON.parse(out);
}

const audits = async () => (await redis.cli("XRANGE", keys.auditStream, "-", "+")).split("\n");

const HALT = { halted: "true", reason: "TEST", source: "ops", ts: "1" };
const haltInRedis = () => redis.cli("HSET", keys.tradingState, ...Object.entries(HALT).flat());

describe("the switches", () => {
  test("arm and kill set the kill switch and are written to the audit stream with who and what", async () => {
    expect((await quantumctl(["arm", "--yes"])).code).toBe(0);
    expect(await redis.cli("GET", keys.kill)).toBe("0");
    expect((await quantumctl(["kill", "--yes"])).code).toBe(0);
    expect(await redis.cli("GET", keys.kill)).toBe("1");
    const written = await audits();
    expect(written).toContain("trading armed");
    expect(written).toContain("kill switch engaged");
    expect(written).toContain("alice");
  });

  test("what acts is refused where nobody can be asked and --yes is missing", async () => {
    await quantumctl(["kill", "--yes"]);
    const { code, err } = await quantumctl(["arm"]);
    expect(code).toBe(64);
    expect(err).toContain("--yes");
    expect(await redis.cli("GET", keys.kill)).toBe("1");
  });

  test("safe mode goes on for its time, shows it, and goes off", async () => {
    await quantumctl(["safe-mode", "on", "--ttl", "900", "-y"]);
    const state = z.object({ on: z.boolean(), ttl_sec: z.number() }).parse(await json("safe-mode", "status"));
    expect(state.on).toBe(true);
    expect(state.ttl_sec).toBeWithin(600, 901);
    await quantumctl(["safe-mode", "off", "-y"]);
    expect(await json("safe-mode", "status")).toEqual({ on: false, ttl_sec: null });
  });

  test.each([["0"], ["-1"], ["soon"], ["1.5"]])(
    "a TTL of %s is wrong usage and changes nothing",
    async (ttl) => {
      expect((await quantumctl(["safe-mode", "on", `--ttl=${ttl}`, "-y"])).code).toBe(64);
      expect(await redis.cli("EXISTS", keys.safeMode)).toBe("0");
    },
  );
});

test("status shows what it can read where keys hold another type", async () => {
  const planted = [
    ...[keys.openOrders, keys.stopsMissing, keys.heartbeatStream],
    ...[deadLetterStreamOf(keys.exitIntentStream), keys.watchdogState, keys.windowGlobal],
  ];
  for (const key of planted) {
    await redis.cli("RENAME", key, `aside:${key}`);
    await redis.cli("SET", key, "by hand");
  }
  const { code, out } = await quantumctl(["status"]);
  for (const key of planted) {
    await redis.cli("DEL", key);
    await redis.cli("RENAME", `aside:${key}`, key);
  }
  expect(code).toBe(0);
  expect(out).toMatch(/orders +unreadable unsettled; unreadable stops missing; unreadable dead letters/);
  expect(out).toMatch(/exit brain +no heartbeat/);
});

test("what stops entries does not fail for an audit stream that is none; what lets them pass does", async () => {
  await redis.cli("SET", keys.kill, "0");
  await redis.cli("RENAME", keys.auditStream, "aside");
  await redis.cli("SET", keys.auditStream, "by hand");
  const { code, out } = await quantumctl(["kill", "-y"]);
  expect(code).toBe(0);
  expect(out).toContain("not in the audit stream");
  expect((await quantumctl(["arm", "-y"])).code).toBe(1);
  expect(await redis.cli("GET", keys.kill)).toBe("1");
  await redis.cli("RENAME", "aside", keys.auditStream);
});

describe("the function library", () => {
  test("is loaded when absent, left alone when right, replaced when altered", async () => {
    await redis.cli("FUNCTION", "FLUSH");
    expect(await json("library", "load", "-y")).toMatchObject({ done: "in place" });
    const altered =
      "#!lua name=quantum_kernel_v1\nredis.register_function('set_switch_v1', function() return 1 end)";
    await redis.cli("FUNCTION", "LOAD", "REPLACE", altered);
    expect((await quantumctl(["arm", "-y"])).code).toBe(1);
    // What stops entries must not fail for it.
    await redis.cli("SET", keys.kill, "0");
    expect((await quantumctl(["kill", "-y"])).code).toBe(0);
    expect(await redis.cli("GET", keys.kill)).toBe("1");
    expect((await quantumctl(["safe-mode", "on", "--ttl", "600", "-y"])).code).toBe(0);
    expect(Number(await redis.cli("TTL", keys.safeMode))).toBeWithin(1, 601);
    expect((await quantumctl(["safe-mode", "off", "-y"])).code).toBe(1);
    await redis.cli("DEL", keys.safeMode);
    expect(await json("library", "load", "-y")).toMatchObject({ done: "replaced" });
    expect((await quantumctl(["arm", "-y"])).code).toBe(0);
  });
});

describe("the halt", () => {
  async function halt() {
    await haltInRedis();
    writeFileSync(haltFile, "");
  }

  test("is shown with its reason, and cleared with who and why once nothing is open", async () => {
    await halt();
    const panicId = (await redis.cli("XADD", keys.panicStream, "*", "reason", "TEST")).trim();
    expect(await json("halt", "status")).toMatchObject({
      halted: true,
      halt_file: true,
      redis: { reason: "TEST" },
    });
    const { code } = await quantumctl(["halt", "clear", "--why", "found and mended", "-y"]);
    expect(code).toBe(0);
    expect(await redis.cli("HGET", keys.tradingState, "halted")).toBe("false");
    expect(await redis.cli("HGET", keys.tradingState, "cleared_by")).toBe("alice");
    expect(await redis.cli("HGET", keys.tradingState, "cleared_through")).toBe(panicId);
    await redis.cli("DEL", keys.panicStream);
    expect(existsSync(haltFile)).toBe(false);
    expect((await audits()).join("\n")).toContain("found and mended");
  });

  test("stays while positions are open, unless it is forced", async () => {
    await halt();
    await venue.call("POST", "/fapi/v1/order", {
      symbol: "BTCUSDT",
      side: "BUY",
      type: "MARKET",
      quantity: "0.01",
    });
    const refused = await quantumctl(["halt", "clear", "--why", "too early", "-y"]);
    expect(refused.code).toBe(1);
    expect(refused.out).toContain("BTCUSDT");
    expect(await redis.cli("HGET", keys.tradingState, "halted")).toBe("true");
    expect(existsSync(haltFile)).toBe(true);
    expect((await quantumctl(["halt", "clear", "--why", "I know", "--force", "-y"])).code).toBe(0);
    expect(await redis.cli("HGET", keys.tradingState, "halted")).toBe("false");
  });

  test("stays when the venue cannot say what is open", async () => {
    await halt();
    const away = { EXCHANGE_REST_URL: "http://127.0.0.1:1" };
    const { code, out } = await quantumctl(["halt", "clear", "--why", "blind", "-y"], away);
    expect(code).toBe(1);
    expect(out).toContain("unreadable");
    expect(await redis.cli("HGET", keys.tradingState, "halted")).toBe("true");
  });

  test("needs a reason", async () => {
    expect((await quantumctl(["halt", "clear", "-y"])).code).toBe(64);
  });
});

describe("the halt file", () => {
  test("is what halt status goes by where Redis is away", async () => {
    const away = { REDIS_URL: "unix:///nowhere.sock" };
    writeFileSync(haltFile, "");
    const standing = await quantumctl(["halt", "status"], away);
    rmSync(haltFile);
    expect(standing.code).toBe(75);
    expect(standing.out).toContain("halted: the halt file");
    expect((await quantumctl(["halt", "status"], away)).out).toContain("no halt file");
    const document = await quantumctl(["halt", "status", "--json"], away);
    expect(JSON.parse(document.out)).toMatchObject({ halted: null, halt_file: false });
  });

  test("that is cleared in Redis while its file cannot be removed is not called cleared", async () => {
    await haltInRedis();
    const folderAsFile = mkdtempSync(join(folder, "standing-"));
    const args = ["halt", "clear", "--why", "tried", "--force", "-y"];
    const { code, out } = await quantumctl(args, { HALT_FILE: folderAsFile });
    expect(code).toBe(1);
    expect(out).toContain("the halt file stands");
    expect(await redis.cli("HGET", keys.tradingState, "halted")).toBe("false");
  });
});

describe("a panic", () => {
  /** Calls one and completes it as the worker does. */
  async function completed(...options: string[]) {
    const before = Number(await redis.cli("XLEN", keys.panicStream));
    const child = spawnQuantumctl(["panic", "--reason", "drill", "--wait", "60", "-y", ...options]);
    await waitUntil(
      "the panic is there",
      async () => Number(await redis.cli("XLEN", keys.panicStream)) > before,
    );
    const published = (await redis.cli("XREVRANGE", keys.panicStream, "+", "-", "COUNT", "1")).split("\n");
    expect(published).toContain("ops");
    const eventId = published[published.indexOf("event_id") + 1] ?? "";
    const fields = encodePanicCompletion({
      event_id: eventId,
      ...({ status: "flat", detail: "" } as const),
      ...{ positions_total: 1, positions_closed: 1, positions_failed: 0, failed_symbols: [], results: [] },
      ...{ ts_started: 1, ts_completed: 2, execution_time_ms: 1 },
    });
    await redis.cli("XADD", keys.panicCompletedStream, "*", ...Object.entries(fields).flat());
    expect(await child.exited).toBe(0);
    return { eventId, out: await child.stdout.text() };
  }

  test("is published for ops, its completion is waited for, and who called it stands in the audit stream", async () => {
    const { eventId, out } = await completed("--json");
    expect(out).toContain('"status": "flat"');
    const written = await audits();
    const at = written.indexOf(`panic ${eventId} called: drill`);
    expect(written.slice(at - 4, at)).toContain("alice");
  });

  test("that is flat says how trading goes on, in words that can be typed", async () => {
    expect((await completed()).out).toContain("quantumctl halt clear --why '…'");
  });

  test("without a completion ends with 76 and says where to look", async () => {
    const { code, out } = await quantumctl(["panic", "--reason", "drill", "--wait", "0", "-y"]);
    expect(code).toBe(76);
    expect(out).toContain("quantumctl status");
  });
});

describe("dead letters", () => {
  const letter = (raw: string) =>
    redis.cli(
      "XADD",
      `quantum:stream:dlq:trade.intent`,
      "*",
      "stream",
      "s",
      "id",
      "1-1",
      "reason",
      "BAD",
      "raw",
      raw,
    );

  test("are listed, shown, put back as they came and dropped", async () => {
    const id = await letter('{"data":"{}"}');
    expect(await json("dlq", "list")).toEqual([
      expect.objectContaining({ source: "intents", id, reason: "BAD" }),
    ]);
    expect(await json("dlq", "show", "intents", id)).toMatchObject({ raw: '{"data":"{}"}' });
    expect((await quantumctl(["dlq", "retry", "intents", id, "-y"])).code).toBe(0);
    expect((await redis.cli("XRANGE", keys.intentStream, "-", "+")).split("\n").slice(1)).toEqual([
      "data",
      "{}",
    ]);
    expect(await json("dlq", "list")).toEqual([]);
    const second = await letter("not a record");
    expect((await quantumctl(["dlq", "retry", "intents", second, "-y"])).code).toBe(1);
    expect((await quantumctl(["dlq", "drop", "intents", second, "-y"])).code).toBe(0);
    expect(await json("dlq", "list")).toEqual([]);
    expect((await quantumctl(["dlq", "drop", "intents", second, "-y"])).code).toBe(1);
  });
});

test("an answer that the disk does not take is no success", async () => {
  const child = Bun.spawn(["sh", "-c", "bun cmd/quantumctl.ts status --json > /dev/full"], {
    cwd: join(import.meta.dir, "../../.."),
    env: ENVIRONMENT(),
    ...({ stdin: "ignore", stdout: "ignore", stderr: "pipe" } as const),
  });
  expect(await child.stderr.text()).toContain("the answer could not be written: ENOSPC");
  expect(await child.exited).toBe(1);
});

describe("looking", () => {
  test("status shows what is armed, halted, late and alive", async () => {
    await redis.cli("XGROUP", "CREATE", keys.decisionStream, "router", "0", "MKSTREAM");
    await redis.cli("XADD", keys.decisionStream, "*", "payload", "{}");
    await redis.cli(
      "HSET",
      `${keys.rolePrefix}execution:vps-1`,
      "build",
      "1.0",
      "git",
      "abc",
      "last_beat",
      "1",
    );
    const status = await json("status");
    expect(status).toMatchObject({
      roles: [{ role: "execution", instance: "vps-1", build: "1.0" }],
      groups: expect.arrayContaining([expect.objectContaining({ group: "router", lag: 1, pending: 0 })]),
    });
    expect((await quantumctl(["status"])).out).toContain("vps-1");
  });

  test.each([
    { where: "at the end", read: "5", backlog: 5 },
    { where: "within", read: "2", backlog: 5 },
  ])("status counts a backlog that a restarted Redis overstates, $where", async ({ read, backlog }) => {
    const { intentStream } = keys;
    await redis.cli("DEL", intentStream);
    await redis.cli("XGROUP", "CREATE", intentStream, GROUPS.executionIntents, "0", "MKSTREAM");
    let last = "";
    for (let n = 1; n <= 5; n += 1) {
      const id = await redis.cli("XADD", intentStream, "*", "data", "{}");
      if (n <= Number(read)) last = id;
    }
    await redis.cli(
      ...["XREADGROUP", "GROUP", GROUPS.executionIntents, "c", "COUNT", read, "STREAMS", intentStream, ">"],
    );
    await redis.cli("XGROUP", "SETID", intentStream, GROUPS.executionIntents, last, "ENTRIESREAD", "0");
    expect(await json("status")).toMatchObject({ backlog });
    await redis.cli("DEL", intentStream);
  });

  test("status shows rates, backlog, plans, what the venue says and the last drill", async () => {
    const now = Date.now();
    await redis.cli("RPUSH", keys.windowGlobal, String(now), String(now - 7_200_000));
    await redis.cli("HSET", keys.drillLast, "ts", String(now - 3_600_000));
    await redis.cli("HSET", `${keys.positionPlanPrefix}XRPUSDT`, "symbol", "half a plan");
    const window = { SAFETY_WINDOW_SEC: "600", SAFETY_FAULT_COOLDOWN_SEC: "600" };
    const status = JSON.parse((await quantumctl(["status", "--venue", "--json"], window)).out);
    expect(status).toMatchObject({
      rates: { global: 1, global_max: 20, window_sec: 600 },
      plans: [{ symbol: "XRPUSDT", readable: false }],
      venue_positions: [{ symbol: "BTCUSDT", quantity: "0.01" }],
    });
    const { out } = await quantumctl(["status"]);
    expect(out).toMatch(/last drill +60 min ago/);
    expect(out).toMatch(/plan +side +last fill/);
    const away = await quantumctl(["status", "--venue"], { EXCHANGE_REST_URL: "http://127.0.0.1:1" });
    expect(away.out).toContain("the venue does not say what is open");
    await redis.cli("DEL", keys.windowGlobal, keys.drillLast, `${keys.positionPlanPrefix}XRPUSDT`);
  });

  test("status says what it cannot read instead of failing", async () => {
    await redis.cli("SET", keys.windowGlobal, "not a list");
    expect(await json("status")).toMatchObject({ rates: { global: null } });
    await redis.cli("DEL", keys.windowGlobal);
  });

  test("ledger show tells what is there, and says no with 1", async () => {
    await redis.cli("HSET", `${keys.orderLedgerPrefix}i-1`, "state", "FILLED");
    expect(await json("ledger", "show", "i-1")).toMatchObject({ state: "FILLED" });
    expect((await quantumctl(["ledger", "show", "i-2"])).code).toBe(1);
  });
});

test("status says of a role that is not alive that it does not run, whatever a dead watchdog last wrote", async () => {
  const watchdog = `${keys.rolePrefix}exit-brain-watchdog:vps-1`;
  await redis.cli("HSET", keys.watchdogState, "state", "HEALTHY");
  const dead = (await quantumctl(["status"])).out;
  expect(dead).toMatch(/^watchdog +NOT RUNNING, its last state HEALTHY$/m);
  expect(dead).toMatch(/^exit-brain-watchdog .* NOT RUNNING$/m);
  expect(dead).not.toMatch(/^execution .* NOT RUNNING$/m);
  await redis.cli("HSET", watchdog, "build", "1.0", "git", "abc", "last_beat", String(Date.now()));
  const alive = (await quantumctl(["status"])).out;
  expect(alive).toMatch(/^watchdog +HEALTHY$/m);
  expect(alive).not.toMatch(/^exit-brain-watchdog .* NOT RUNNING$/m);
  await redis.cli("DEL", watchdog, keys.watchdogState);
});

test("status does not call a beat fresh that only seems so since Redis' clock was set back", async () => {
  const [key, ahead] = [keys.heartbeatStream, Date.now() + 3_600_000];
  const beat = { service_id: "exit-brain", status: "ALIVE", active_positions: 1, last_decision_ts: 1 };
  const more = { latency_ms: 1, loop_cycle_ms: 1, ts: 1, instance_id: crypto.randomUUID(), seq: 1 };
  const fields = Object.entries({ ...beat, ...more }).flatMap(([name, value]) => [name, String(value)]);
  await redis.cli("XADD", key, `${ahead}-0`, ...fields);
  await redis.cli("ZADD", keys.openOrders, String(ahead), "an-intent");
  expect(await json("status")).toMatchObject({ heartbeat: { age_ms: null }, oldest_unsettled_ms: null });
  const { out } = await quantumctl(["status"]);
  expect(out).toMatch(/exit brain +ALIVE, 1 positions, the last beat nobody knows for how long/);
  expect(out).toMatch(/orders +1 unsettled, nobody knows for how long/);
  await redis.cli("DEL", key, keys.openOrders);
});

describe("tail", () => {
  test("prints what arrives while it looks, and ends by itself", async () => {
    const child = spawnQuantumctl(["tail", "audit", "--for", "30"]);
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of child.stdout) {
        seen.push(new TextDecoder().decode(chunk));
        if (seen.length === 1) child.kill("SIGINT");
      }
    })();
    await waitUntil("it was printed", async () => {
      await redis.cli("XADD", keys.auditStream, "*", "who", "bob");
      return seen.length > 0;
    });
    await reading;
    expect(seen.join("")).toContain("who=bob");
    expect(await child.exited).toBe(0);
  });

  test("prints one JSON document an entry under --json, and control characters never reach the terminal", async () => {
    const args = ["tail", "audit", "--for", "30"];
    const children = [spawnQuantumctl([...args, "--json"]), spawnQuantumctl(args)];
    const firstOf = async (child: ReturnType<typeof spawnQuantumctl>) => {
      let seen = "";
      for await (const chunk of child.stdout) {
        seen += new TextDecoder().decode(chunk);
        child.kill("SIGINT");
      }
      return seen;
    };
    let done = false;
    const reading = Promise.all(children.map(firstOf)).finally(() => {
      done = true;
    });
    await waitUntil("both were printed", async () => {
      await redis.cli("XADD", keys.auditStream, "*", "who", "\u001b[2Jbob");
      return done;
    });
    const [document = "", line = ""] = await reading;
    const first = JSON.parse(document.split("\n")[0] ?? "");
    expect(first).toMatchObject({ stream: "audit", fields: { who: "\u001b[2Jbob" } });
    expect(line).toContain("who=\\x1b[2Jbob");
    expect(line).not.toContain("\u001b");
  });
});

describe("doctor", () => {
  test("goes on without Redis and says what it could not reach", async () => {
    const { code, out } = await quantumctl(["doctor"], { REDIS_URL: "unix:///nowhere.sock" });
    expect(code).toBe(1);
    expect(out).toMatch(/fault +redis +cannot connect/);
    expect(out).toMatch(/ok +credentials/);
  });

  test("compares the users of Redis with this release's", async () => {
    await redis.cli("ACL", "SETUSER", "execution", "on", ">x", "~*", "+@all");
    await redis.cli("ACL", "SETUSER", "audit-logger", "on", "nopass", "+ping");
    const { out } = await quantumctl(["doctor", "--quiet"]);
    await redis.cli("ACL", "DELUSER", "execution", "audit-logger");
    expect(out).toMatch(/fault +redis user audit-logger +has no password/);
    expect(out).toMatch(/fault +redis user execution +lacks .*quantum:dedup:order/);
    expect(out).toMatch(/fault +redis user execution +has ~\* too many/);
    expect(out).toMatch(/fault +redis user exit-brain +does not exist/);
    expect(out).not.toMatch(/^ok /m);
  });

  test("tells another account and altered functions from the right ones", async () => {
    const right = await quantumctl(["doctor"]);
    expect(right.out).toMatch(/ok +account/);
    await redis.cli("SET", keys.modeAccount, "another");
    const altered = `#!lua name=quantum_kernel_v1\nredis.register_function('f', function() end)`;
    await redis.cli("FUNCTION", "LOAD", "REPLACE", altered);
    const wrong = await quantumctl(["doctor"]);
    await redis.cli("DEL", keys.modeAccount);
    await redis.cli("FUNCTION", "FLUSH");
    expect(wrong.out).toMatch(/fault +account +not the one recorded/);
    expect(wrong.out).toMatch(/fault +kernel functions +\S+ is not this release's/);
  });

  test("names each fault with what to do, and exits 1", async () => {
    await redis.cli("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const { code, out } = await quantumctl(["doctor", "--json"]);
    await redis.cli("CONFIG", "SET", "maxmemory-policy", "noeviction");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({
          check: "redis eviction",
          verdict: "fault",
          hint: expect.stringContaining("noeviction"),
        }),
        expect.objectContaining({ check: "credentials", verdict: "ok" }),
      ]),
    });
  });
});

describe("what cannot be done", () => {
  test.each([
    [["nonsense"], {}, 64],
    [["dlq", "show", "elsewhere", "1-1"], {}, 64],
    [["status"], { REDIS_URL: "unix:///nowhere.sock" }, 75],
    [["status"], { TRADING_MODE: "" }, 78],
    [["status"], { TRADING_MODE: "PAPRE" }, 78],
  ])("%p with %p exits %d", async (args, environment, code) => {
    const result = await quantumctl(args, environment);
    expect(result.code).toBe(code);
    expect(result.err).not.toBe("");
  });

  test("no two commands share a path, and every one that acts says so in --help", async () => {
    const paths = OPERATOR_COMMANDS.map((command) => command.path);
    expect(new Set(paths).size).toBe(paths.length);
    const { out, code } = await quantumctl(["arm", "--help"]);
    expect(code).toBe(0);
    expect(out).toContain("--yes");
  });

  test("completion offers the words that fit", async () => {
    expect((await quantumctl(["complete", "--", "safe-mode", ""])).out).toMatch(/^on\b/m);
    const { out: script } = await quantumctl(["complete", "bash"]);
    const twice = 'source /dev/stdin <<<"$1"; source /dev/stdin <<<"$1"; complete -p quantumctl';
    const shell = Bun.spawnSync(["bash", "--norc", "-c", twice, "bash", script]);
    expect(shell.stderr.toString()).toBe("");
    expect(shell.stdout.toString()).toContain("quantumctl");
  });
});
