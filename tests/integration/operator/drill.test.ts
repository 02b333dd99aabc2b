import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { aclLine } from "../../../lib/operator/redis-user.ts";
import { redisUsers } from "../../../lib/operator/redis-users.ts";
import { openStage, type Stage } from "../../chaos/exit/stage.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type CtlRun, runQuantumctl } from "./compiled-quantumctl.ts";

/** Generous: three drills on a machine that does other things, too. */
const LONG = 180_000;

let stage: Stage;
let redisUrl = "";
beforeAll(async () => {
  stage = await openStage({
    env: {
      execution: { MIN_HOLD_SECONDS: "0", MAX_TRADES_10MIN: "100" },
      // A month of drills in a minute.
      "paper-exchange": { PAPER_SPEED: "0", PAPER_WEIGHT_LIMIT_1M: "1000000" },
    },
  });
  for (const user of redisUsers("")) {
    const [, ...words] = aclLine(user, `>of-${user.name}`).match(/\([^)]*\)|\S+/g) ?? [];
    await stage.eye.command("ACL", "SETUSER", ...words);
  }
  redisUrl = stage.redis.url.replace("unix://", "unix://quantumctl:of-quantumctl@");
}, LONG);
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(async () => {
  await stage.eye.command("DEL", stage.keys.drillLast);
});

/** Without systemctl: a drill by the unit would freeze the exit brain that is installed on this machine. */
const PATH = "/nonexistent";

const ENV = () => ({
  PATH,
  ...{ TRADING_MODE: "PAPER", REDIS_URL: redisUrl, QUANTUM_INSTANCE: "local" },
  ...{ EXCHANGE_REST_URL: stage.venueUrl, EXCHANGE_WS_URL: stage.venueUrl.replace("http", "ws") },
  ...{ HALT_FILE: stage.haltFile, PANIC_SOCKET: stage.panicSocket, CREDENTIALS_DIRECTORY: stage.folder },
});

/** Whether a panic's completion says flat. */
async function ended(eventId: string): Promise<boolean> {
  const all = await stage.eye.command("XRANGE", stage.keys.panicCompletedStream, "-", "+");
  const entries = z.array(z.tuple([z.string(), z.array(z.string())])).parse(all);
  return entries.some(([, fields]) => fields.includes(eventId) && fields.includes("flat"));
}

/** As an operator does with redis-cli; the worker takes its file away. */
async function clearHalt() {
  await stage.eye.command("DEL", stage.keys.tradingState);
  await waitUntil("the worker took its halt file away", () => !stage.haltFileStands());
}

function drill(
  args: readonly string[],
  more: { env?: Record<string, string>; onText?: (text: string) => void } = {},
) {
  return runQuantumctl({
    args: ["drill", "--worker-url", stage.role("emergency-exit-worker").url, ...args],
    env: {
      PATH,
      ...{ TRADING_MODE: "PAPER", REDIS_URL: redisUrl, QUANTUM_INSTANCE: "local" },
      ...{ EXCHANGE_REST_URL: stage.venueUrl, EXCHANGE_WS_URL: stage.venueUrl.replace("http", "ws") },
      ...{ HALT_FILE: stage.haltFile, PANIC_SOCKET: stage.panicSocket, CREDENTIALS_DIRECTORY: stage.folder },
      ...more.env,
    },
    ...(more.onText === undefined ? {} : { onText: more.onText }),
  });
}

const record = async (key: string) => {
  const flat = z.array(z.string()).parse(await stage.eye.command("HGETALL", key));
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1]]] : [])));
};
const halted = async () => (await record(stage.keys.tradingState))["halted"] === "true";
const panics = async () => Number(await stage.eye.command("XLEN", stage.keys.panicStream));
const refusedByRedis = async () => JSON.stringify(await stage.eye.command("ACL", "LOG"));

function passed(run: CtlRun): CtlRun {
  if (run.code !== 0) throw new Error(`exit ${run.code}\n${run.out}\n${run.err}`);
  return run;
}

describe("a drill under the operator's own Redis user", () => {
  test(
    "opens a position, closes it by a panic, proves the end, writes it down and clears the halt",
    async () => {
      const out = join(stage.folder, "evidence.json");
      const startedMs = Date.now();
      const run = passed(await drill(["--yes", "--out", out]));
      expect(run.out).toMatch(
        /opening a position[\s\S]*published[\s\S]*halted[\s\S]*flat: 1 of 1[\s\S]*passed/,
      );
      expect(run.out).toContain("the halt is cleared");
      expect(await stage.venue.positions()).toEqual([]);
      expect(await halted()).toBe(false);
      expect(stage.haltFileStands()).toBe(false);
      const last = await record(stage.keys.drillLast);
      expect(Number(last["ts"])).toBeGreaterThanOrEqual(startedMs - 1000);
      expect(last).toMatchObject({ kind: "panic", mode: "PAPER", who: "alice", positions_closed: "1" });
      const evidence = JSON.parse(readFileSync(out, "utf8"));
      expect(evidence).toMatchObject({ passed: true, faults: [], entry_verdict: "TRADING_HALTED" });
      expect(JSON.parse(last["evidence"] ?? "")).toEqual(evidence);
      expect(statSync(out).mode & 0o007).toBe(0);
      const audit = JSON.stringify(await stage.eye.command("XRANGE", stage.keys.auditStream, "-", "+"));
      expect(audit).toContain("drill passed");
      expect(audit).toContain("halt cleared: drill");
      expect(await refusedByRedis()).toBe("[]");
    },
    LONG,
  );

  test(
    "closes what is open, prints one JSON document, and leaves the halt on request",
    async () => {
      await stage.venue.openPositions(["BTCUSDT", "SOLUSDT"]);
      const run = passed(await drill(["--yes", "--json", "--keep-halt"]));
      expect(JSON.parse(run.out)).toMatchObject({ passed: true, positions_closed: 2, halt: "stands" });
      expect(run.err).toContain("flat: 2 of 2");
      expect(await halted()).toBe(true);
      const again = await drill(["--yes"]);
      expect(again).toMatchObject({ code: 1 });
      expect(again.out).toContain("halted already");
      await clearHalt();
    },
    LONG,
  );

  test(
    "of the exit brain: the watchdog calls the panic once the brain is frozen",
    async () => {
      await stage.venue.openPositions(["BTCUSDT"]);
      let told = "";
      const running = drill(["--yes", "--kind", "brain"], { onText: (text) => (told += text) });
      await waitUntil("somebody is asked to stop the brain", () => told.includes("stop the exit brain NOW"));
      stage.role("exit-brain").process().signal("SIGSTOP");
      const run = passed(await running);
      stage.role("exit-brain").process().signal("SIGCONT");
      expect(run.out).toContain("the watchdog called");
      const last = await record(stage.keys.drillLast);
      expect(last["kind"]).toBe("brain");
      expect(JSON.parse(last["evidence"] ?? "").panic_after_ms).toBeWithin(2900, 5500);
    },
    LONG,
  );
});

describe("a panic by quantumctl", () => {
  test(
    "goes to the worker's socket where Redis does not answer, and its end is followed all the same",
    async () => {
      await stage.venue.openPositions(["BTCUSDT"]);
      const env = { ...ENV(), REDIS_URL: "unix:///nowhere.sock" };
      const url = stage.role("emergency-exit-worker").url;
      const args = ["panic", "--reason", "Redis is away", "--worker-url", url, "--yes", "--json"];
      const run = passed(await runQuantumctl({ args, env }));
      expect(run.err).toContain("handed");
      expect(JSON.parse(run.out)).toMatchObject({ status: "flat", positions_closed: 1 });
      expect(await stage.venue.positions()).toEqual([]);
      await clearHalt();
    },
    LONG,
  );

  test("that nobody takes ends with 1 and says so", async () => {
    const env = { ...ENV(), REDIS_URL: "unix:///nowhere.sock", PANIC_SOCKET: "/nowhere/panic.sock" };
    const run = await runQuantumctl({ args: ["panic", "--reason", "alone", "--yes"], env });
    expect(run.code).toBe(1);
    expect(run.err).toContain("nobody took it");
  });
});

describe("a drill that does not pass", () => {
  test(
    "does nothing while a role that it needs is not alive",
    async () => {
      const key = `${stage.keys.rolePrefix}execution:local`;
      await stage.role("execution").kill();
      await stage.eye.command("DEL", key);
      const run = await drill(["--yes"]);
      await stage.role("execution").start();
      expect(run.code).toBe(1);
      expect(run.out).toContain("execution is not alive");
      expect(await stage.venue.positions()).toEqual([]);
    },
    LONG,
  );

  test(
    "is written down as failed, leaves the last good one's time alone and lets the halt stand",
    async () => {
      await stage.eye.command("HSET", stage.keys.drillLast, "ts", "1");
      await stage.venue.openPositions(["BTCUSDT"]);
      await stage.venue.faults({
        rules: [
          { match: { method: "POST", path: "/fapi/v1/order" }, effect: { kind: "error", code: -4131 } },
        ],
      });
      const run = await drill(["--yes", "--wait", "3"]);
      expect(run.code).toBe(76);
      expect(run.out).toContain("OPEN at the venue: BTCUSDT");
      expect(await halted()).toBe(true);
      expect(await record(stage.keys.drillLast)).toMatchObject({
        ts: "1",
        failed_why: expect.stringContaining("BTCUSDT"),
      });
      await stage.venue.clearFaults();
      const { event_id } = JSON.parse((await record(stage.keys.drillLast))["failed_evidence"] ?? "");
      await waitUntil("the worker is through with it after all", () => ended(event_id));
      expect(await stage.venue.positions()).toEqual([]);
      await clearHalt();
    },
    LONG,
  );

  test(
    "asks for no entry where nothing halts trading: it would open another position",
    async () => {
      await stage.venue.openPositions(["BTCUSDT"]);
      await stage.role("emergency-exit-worker").kill();
      const run = await drill(["--yes", "--wait", "1"]);
      expect(run.code).toBe(76);
      expect(run.out).toContain("not asked for one");
      expect((await stage.venue.positions()).map(({ symbol }) => symbol)).toEqual(["BTCUSDT"]);
      await stage.role("emergency-exit-worker").start();
      const { event_id } = JSON.parse((await record(stage.keys.drillLast))["failed_evidence"] ?? "");
      await waitUntil("the worker is through with it", () => ended(event_id));
      expect(await stage.venue.positions()).toEqual([]);
      await clearHalt();
    },
    LONG,
  );
});

describe("a drill that cannot begin", () => {
  test.each([
    ["in LIVE", ["--yes"], { TRADING_MODE: "LIVE", BINANCE_API_KEY: "k", BINANCE_API_SECRET: "s" }, 78],
    [
      "for another mode than Redis belongs to",
      ["--yes"],
      { TRADING_MODE: "TESTNET", BINANCE_API_KEY: "k", BINANCE_API_SECRET: "s" },
      78,
    ],
    ["where nobody can be asked", [], {}, 64],
    ["with another kind", ["--yes", "--kind", "fire"], {}, 64],
    ["when the evidence file is there already", ["--yes", "--out", "/dev/null"], {}, 64],
    ["without Redis", ["--yes"], { REDIS_URL: "unix:///nowhere.sock" }, 75],
    ["when the venue does not answer", ["--yes"], { EXCHANGE_REST_URL: "http://127.0.0.1:1" }, 1],
    ["on a symbol that the venue does not have", ["--yes", "--symbol", "NOSUCHUSDT"], {}, 1],
  ] as const)("does nothing %s", async (_, args, env, code) => {
    const before = await panics();
    const run = await drill(args, { env });
    expect({ code: run.code, said: `${run.out}${run.err}` }).toEqual({
      code,
      said: expect.stringMatching(/./),
    });
    expect(await panics()).toBe(before);
    expect(existsSync(stage.haltFile)).toBe(false);
  });
});
