import { afterAll, beforeAll, expect, test } from "bun:test";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import {
  decide,
  type RedisBench,
  type RunningDaemon,
  startRedisBench,
  verdicts,
} from "../../support/pipeline.ts";
import { validOn } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

let bench: RedisBench;
beforeAll(async () => {
  bench = await startRedisBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

/** So long that only two buckets can be the current one while a test runs. */
const WINDOW_SEC = 3600;
const buckets = () => {
  const now = Math.floor(Date.now() / 1000 / WINDOW_SEC);
  return [now, now + 1];
};

const COUNTERS = [
  [
    "the global bucket",
    (keys: RunningDaemon["keys"]) => buckets().map((at) => `${keys.rateGlobalPrefix}${at}`),
  ],
  [
    "a symbol's bucket",
    (keys: RunningDaemon["keys"]) => buckets().map((at) => `${keys.rateSymbolPrefix}ETHUSDT:${at}`),
  ],
  ["the global window", (keys: RunningDaemon["keys"]) => [keys.windowGlobal]],
  ["a symbol's window", (keys: RunningDaemon["keys"]) => [`${keys.windowSymbolPrefix}ETHUSDT`]],
] as const;

/** A router whose counters hold what no counter is: a hash. */
async function startBroken(
  keysOf: (keys: RunningDaemon["keys"]) => readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<RunningDaemon> {
  const limits = { SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "2", SAFETY_FAULT_COOLDOWN_SEC: String(WINDOW_SEC) };
  const router = bench.start("ai-strategy-router", {
    SAFETY_WINDOW_SEC: String(WINDOW_SEC),
    ...limits,
    ...env,
  });
  await bench.eye.command("SET", router.keys.kill, "0");
  for (const key of keysOf(router.keys)) await bench.eye.command("HSET", key, "not", "a counter");
  return router.ready();
}

const faults = async (router: RunningDaemon) =>
  (await readStream(bench.eye, router.keys.faultStream)).map((entry) => entry.fields);

test.each(COUNTERS)(
  "SAFETY_ON_ERROR=open: with %s unreadable an entry passes, and that is said",
  async (_what, broken) => {
    const router = await startBroken(broken, { SAFETY_ON_ERROR: "open" });
    const trace = await decide(router, validOn("ETHUSDT"));
    expect(await verdicts(router, 1)).toMatchObject({ admitted: 1, fail_open: 1 });
    expect(await faults(router)).toEqual([
      {
        timestamp: expect.any(String),
        reason: "FAIL_OPEN_ERROR",
        symbol: "ETHUSDT",
        side: "BUY",
        global_count: "0",
        symbol_count: "0",
        global_max: "2",
        symbol_max: "5",
        window_sec: "3600",
        cooldown_sec: "3600",
        router_pid: String(router.process.pid),
        correlation_id: `corr-${trace}`,
        trace_id: trace,
      },
    ]);
    await waitUntil("it is logged", () => router.log().includes("FAIL_OPEN_ERROR"));
  },
);

test.each(COUNTERS)(
  "SAFETY_ON_ERROR=closed: with %s unreadable an entry is denied",
  async (_what, broken) => {
    const router = await startBroken(broken, { SAFETY_ON_ERROR: "closed" });
    await decide(router, validOn("ETHUSDT"));
    expect(await verdicts(router, 1)).toMatchObject({ "denied:RATE_COUNTERS_UNREADABLE": 1 });
    expect(await bench.eye.command("EXISTS", router.keys.safeMode)).toBe(0);
    expect(await bench.eye.command("XLEN", router.keys.intentStream)).toBe(0);
  },
);

test("open is not limitless: the router's own limiter trips at the same limit", async () => {
  const router = await startBroken((keys) => [keys.windowGlobal], { SAFETY_ON_ERROR: "open" });
  await decide(router, validOn("ETHUSDT"));
  await decide(router, validOn("BTCUSDT"));
  await decide(router, validOn("SOLUSDT"));
  expect(await verdicts(router, 3)).toMatchObject({
    admitted: 2,
    fail_open: 2,
    "denied:GLOBAL_RATE_EXCEEDED": 1,
  });
  expect((await faults(router)).at(-1)).toMatchObject({ reason: "GLOBAL_RATE_EXCEEDED", symbol: "SOLUSDT" });
  expect(await bench.eye.command("GET", router.keys.safeMode)).toBe("1");
});

test("open says nothing of kill, halt and safe mode: unreadable, they deny", async () => {
  const router = await startBroken((keys) => [keys.windowGlobal], { SAFETY_ON_ERROR: "open" });
  await bench.eye.command("DEL", router.keys.kill);
  await bench.eye.command("HSET", router.keys.kill, "0", "0");
  await decide(router, validOn("ETHUSDT"));
  expect(await verdicts(router, 1)).toMatchObject({ "denied:KILL_SWITCH": 1 });
});

test("an exit needs no counter", async () => {
  const router = await startBroken((keys) => [keys.windowGlobal], { SAFETY_ON_ERROR: "closed" });
  await decide(router, validOn("ETHUSDT", { side: "CLOSE" }));
  expect(await verdicts(router, 1)).toMatchObject({ exits: 1 });
});
