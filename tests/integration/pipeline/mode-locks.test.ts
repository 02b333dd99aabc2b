import { afterAll, beforeAll, expect, test } from "bun:test";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { type RedisBench, type RunningDaemon, startRedisBench } from "../../support/pipeline.ts";
import { waitUntil } from "../../support/wait-until.ts";

const CONFIGURATION = 78;
const KEYS = { BINANCE_API_KEY: "k".repeat(16), BINANCE_API_SECRET: "s".repeat(16) };

let bench: RedisBench;
let venue: PaperFixture;
beforeAll(async () => {
  bench = await startRedisBench();
  venue = await startPaper();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await venue[Symbol.asyncDispose]();
});

const venueEnv = (fixture: PaperFixture) => ({
  EXCHANGE_REST_URL: fixture.url,
  EXCHANGE_WS_URL: fixture.wsUrl,
});

test.each([
  [
    "PAPER with a live address",
    { EXCHANGE_REST_URL: "https://fapi.binance.com" },
    ["EXCHANGE_REST_URL", "fapi.binance.com", "PAPER"],
  ],
  [
    "PAPER with a live stream address",
    { EXCHANGE_WS_URL: "wss://fstream.binance.com" },
    ["EXCHANGE_WS_URL", "PAPER"],
  ],
  [
    "PAPER with a host that only looks local",
    { EXCHANGE_REST_URL: "http://127.0.0.1.example.com" },
    ["EXCHANGE_REST_URL"],
  ],
  [
    "TESTNET with a live address",
    { TRADING_MODE: "TESTNET", EXCHANGE_REST_URL: "https://fapi.binance.com", ...KEYS },
    ["EXCHANGE_REST_URL", "fapi.binance.com", "TESTNET"],
  ],
  [
    "LIVE with a paper address",
    { TRADING_MODE: "LIVE", EXCHANGE_REST_URL: "http://127.0.0.1:8099", ...KEYS },
    ["EXCHANGE_REST_URL", "LIVE"],
  ],
  [
    "LIVE unencrypted",
    { TRADING_MODE: "LIVE", EXCHANGE_REST_URL: "http://fapi.binance.com", ...KEYS },
    ["EXCHANGE_REST_URL", "https"],
  ],
  ["LIVE without credentials", { TRADING_MODE: "LIVE" }, ["BINANCE_API_KEY", "BINANCE_API_SECRET"]],
  ["PAPER while BINANCE_TESTNET says testnet", { BINANCE_TESTNET: "1" }, ["BINANCE_TESTNET", "PAPER"]],
  [
    "TESTNET while USE_BINANCE_TESTNET says no",
    { TRADING_MODE: "TESTNET", USE_BINANCE_TESTNET: "0", ...KEYS },
    ["USE_BINANCE_TESTNET", "TESTNET"],
  ],
  ["no mode at all", { TRADING_MODE: "" }, ["TRADING_MODE", "PAPER, TESTNET, LIVE"]],
  ["a mode that does not exist", { TRADING_MODE: "paper" }, ["TRADING_MODE", "PAPER, TESTNET, LIVE"]],
])("execution does not start with %s, and says so in plain words", async (_what, env, words) => {
  const execution = bench.start("execution", env);
  expect(await execution.process.exited).toBe(CONFIGURATION);
  expect(execution.log()).toContain("the configuration is wrong, nothing was started");
  for (const word of words) expect(execution.log()).toContain(word);
  expect(await bench.eye.command("KEYS", `${execution.keys.mode}*`)).toEqual([]);
});

test("the router, too, refuses mode variables that disagree", async () => {
  const router = bench.start("ai-strategy-router", { USE_BINANCE_TESTNET: "1" });
  expect(await router.process.exited).toBe(CONFIGURATION);
  expect(router.log()).toContain("USE_BINANCE_TESTNET");
});

test("a cooldown shorter than the window is a configuration fault", async () => {
  const router = bench.start("ai-strategy-router", {
    SAFETY_WINDOW_SEC: "60",
    SAFETY_FAULT_COOLDOWN_SEC: "59",
  });
  expect(await router.process.exited).toBe(CONFIGURATION);
  expect(router.log()).toContain("SAFETY_FAULT_COOLDOWN_SEC");
});

test("every fault of a configuration is named in one start", async () => {
  const execution = bench.start("execution", {
    TRADING_MODE: "TESTNET",
    EXCHANGE_REST_URL: "https://fapi.binance.com",
    MAX_LEVERAGE: "0",
    BINANCE_TESTNET: "0",
  });
  expect(await execution.process.exited).toBe(CONFIGURATION);
  for (const name of ["EXCHANGE_REST_URL", "MAX_LEVERAGE", "BINANCE_TESTNET", "BINANCE_API_KEY"]) {
    expect(execution.log()).toContain(name);
  }
});

/** An execution on a namespace that several of these tests share with an earlier process. */
function startOn(
  namespace: string,
  fixture: PaperFixture,
  env: Readonly<Record<string, string>> = {},
): RunningDaemon {
  return bench.start("execution", { QUANTUM_NAMESPACE: namespace, ...venueEnv(fixture), ...env });
}

async function recorded(daemon: RunningDaemon): Promise<unknown> {
  return bench.eye.command("MGET", daemon.keys.mode, daemon.keys.modeAccount);
}

test("the first execution records mode and account; one with another account does not start", async () => {
  const first = await startOn("{account}", venue).ready();
  const before = await recorded(first);
  expect(before).toEqual(["PAPER", expect.stringMatching(/^[0-9a-f]{32}$/)]);
  await using other = await startPaper({ settings: { PAPER_ACCOUNT_ALIAS: "SomebodyElse" } });
  const second = startOn("{account}", other);
  expect(await second.process.exited).toBe(CONFIGURATION);
  expect(second.log()).toContain("this Redis belongs to mode PAPER and account");
  expect(await recorded(first)).toEqual(before);
  await first.ready();
});

test("a rotated API key of the same account starts", async () => {
  const before = await recorded(await startOn("{rotated}", venue).ready());
  await venue.admin("POST", "credentials", { apiKey: "rotated", apiSecret: "rotated", keepOld: true });
  const second = startOn("{rotated}", venue, { BINANCE_API_KEY: "rotated", BINANCE_API_SECRET: "rotated" });
  expect(await recorded(await second.ready())).toEqual(before);
});

test("an execution of another mode than the one recorded does not start", async () => {
  await bench.eye.command("SET", "{was-live}quantum:mode", "LIVE");
  const execution = startOn("{was-live}", venue);
  expect(await execution.process.exited).toBe(CONFIGURATION);
  expect(execution.log()).toContain("this Redis belongs to mode LIVE");
  expect(await bench.eye.command("GET", execution.keys.mode)).toBe("LIVE");
});

/** Breaks every connection of a daemon; it connects anew by itself. */
async function disconnect(daemon: RunningDaemon): Promise<void> {
  const instance = daemon.keys.mode.slice(1, daemon.keys.mode.indexOf("}"));
  const clients = String(await bench.eye.command("CLIENT", "LIST")).split("\n");
  const own = clients.filter((line) => line.includes(` name=execution-${instance} `));
  const ids = own.map((line) => /^id=(\d+)/.exec(line)?.[1] ?? "");
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) await bench.eye.command("CLIENT", "KILL", "ID", id);
}

test.each([
  ["a restart that lost everything", async (daemon: RunningDaemon) => disconnect(daemon)],
  ["being emptied under its connections", async () => undefined],
])(
  "mode and account are recorded again at once after %s",
  async (_what, meanwhile) => {
    const name = `{emptied-${crypto.randomUUID()}}`;
    const env = { QUANTUM_INSTANCE: name.slice(1, -1) };
    const execution = await startOn(name, venue, env).ready();
    const before = await recorded(execution);
    const keys = [await bench.eye.command("KEYS", `${name}*`)].flat().map(String);
    await bench.eye.command("DEL", ...keys);
    await meanwhile(execution);
    const again = async () => JSON.stringify(await recorded(execution)) === JSON.stringify(before);
    await waitUntil("they are recorded again", again);
    expect((await fetch(`${execution.url}/healthz`)).ok).toBe(true);
  },
  120_000,
);

test("a Redis of another account that answers after an outage ends the process, untouched", async () => {
  const execution = await startOn("{taken-over}", venue, { QUANTUM_INSTANCE: "taken-over" }).ready();
  await bench.eye.command("SET", execution.keys.modeAccount, "0".repeat(32));
  await disconnect(execution);
  expect(await execution.process.exited).toBe(CONFIGURATION);
  expect(execution.log()).toContain("this Redis belongs to mode PAPER and account 00000");
  expect(await recorded(execution)).toEqual(["PAPER", "0".repeat(32)]);
}, 120_000);

test("a second process of the same instance does not start, and the first goes on", async () => {
  const shared = { QUANTUM_INSTANCE: "one", STATE_DIR: `${bench.folder}/shared-state` };
  const first = await startOn("{twice}", venue, shared).ready();
  const second = startOn("{twice}", venue, shared);
  expect(await second.process.exited).toBe(CONFIGURATION);
  expect(second.log()).toContain(`process ${first.process.pid} runs as instance one`);
  await first.ready();
});

test("after kill -9 of the first, the same instance starts again", async () => {
  const shared = { QUANTUM_INSTANCE: "one", STATE_DIR: `${bench.folder}/killed-state` };
  const first = await startOn("{killed}", venue, shared).ready();
  first.process.signal("SIGKILL");
  await first.process.exited;
  expect((await startOn("{killed}", venue, shared).ready()).process.pid).not.toBe(first.process.pid);
});

test("another instance on the same Redis starts beside it", async () => {
  await startOn("{two}", venue).ready();
  const second = await startOn("{two}", venue).ready();
  const version: unknown = await (await fetch(`${second.url}/version`)).json();
  expect(version).toMatchObject({ mode: "PAPER", account: expect.stringMatching(/^[0-9a-f]{32}$/) });
});
