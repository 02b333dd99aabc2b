import { afterAll, beforeAll, expect, test } from "bun:test";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import {
  decide,
  type PipelineView,
  type RedisBench,
  type RunningDaemon,
  startRedisBench,
  statistic,
  verdicts,
} from "../../support/pipeline.ts";
import { validOn } from "../../support/valid-trade.ts";
import { waitUntil } from "../../support/wait-until.ts";

const TWO_AND_ONE = {
  SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "2",
  SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: "1",
};
/** Short, and long enough for a few decisions on a busy machine. */
const SHORT = { SAFETY_WINDOW_SEC: "6", SAFETY_FAULT_COOLDOWN_SEC: "6" };

let bench: RedisBench;
beforeAll(async () => {
  bench = await startRedisBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

async function startRouter(env: Readonly<Record<string, string>>): Promise<RunningDaemon> {
  const router = bench.start("ai-strategy-router", env);
  await bench.eye.command("SET", router.keys.kill, "0");
  return router.ready();
}

/** Redis has a verdict before the router has read it. */
const logged = (router: RunningDaemon, words: string) =>
  waitUntil(`the router says "${words}"`, () => router.log().includes(words));

/** Trips on the third: BTCUSDT and ETHUSDT pass, SOLUSDT is one too many. */
async function trip(router: RunningDaemon): Promise<string> {
  const before = await statistic(router, "ai-strategy-router", "decisions");
  await decide(router, validOn("BTCUSDT"));
  await decide(router, validOn("ETHUSDT"));
  const third = await decide(router, validOn("SOLUSDT", { side: "BUY" }));
  await verdicts(router, before + 3);
  return third;
}

const faults = async ({ eye, keys }: PipelineView) =>
  (await readStream(eye, keys.faultStream)).map((entry) => entry.fields);
const ttlMs = async ({ eye, keys }: PipelineView) => Number(await eye.command("PTTL", keys.safeMode));

test("the third intent of a window trips: a fault with all thirteen fields, and safe mode with its TTL", async () => {
  const router = await startRouter(TWO_AND_ONE);
  const trace = await trip(router);
  const [fault, ...more] = await faults(router);
  expect(more).toEqual([]);
  expect(fault).toEqual({
    timestamp: expect.stringMatching(/^\d{10}$/),
    reason: "GLOBAL_RATE_EXCEEDED",
    symbol: "SOLUSDT",
    side: "BUY",
    global_count: "3",
    symbol_count: "0",
    global_max: "2",
    symbol_max: "1",
    window_sec: "10",
    cooldown_sec: "300",
    router_pid: String(router.process.pid),
    correlation_id: `corr-${trace}`,
    trace_id: trace,
  });
  expect(Math.abs(Number(fault?.["timestamp"]) - Date.now() / 1000)).toBeLessThan(10);
  expect(await bench.eye.command("GET", router.keys.safeMode)).toBe("1");
  expect(await ttlMs(router)).toBeWithin(290_000, 300_001);
  expect(await bench.eye.command("XLEN", router.keys.intentStream)).toBe(2);
  await logged(
    router,
    "[SAFETY] Safety Kernel initialized | window=10s global_max=2 symbol_max=1 cooldown=300s",
  );
  await logged(
    router,
    "[SAFETY] CIRCUIT BREAKER TRIPPED | reason=GLOBAL_RATE_EXCEEDED symbol=SOLUSDT side=BUY | " +
      `global=3/2 symbol=0/1 | SAFE_MODE=ON for 300s | corr=corr-${trace}`,
  );
});

test("one symbol's second intent trips on its own count", async () => {
  const router = await startRouter(TWO_AND_ONE);
  await decide(router, validOn("ETHUSDT"));
  await decide(router, validOn("ETHUSDT", { side: "SELL", stop_loss: 3570, take_profit: 3325 }));
  await verdicts(router, 2);
  expect(await faults(router)).toEqual([
    expect.objectContaining({
      reason: "SYMBOL_RATE_EXCEEDED",
      symbol: "ETHUSDT",
      side: "SELL",
      global_count: "2",
      symbol_count: "2",
    }),
  ]);
});

test("after a trip every entry is refused, none extends safe mode, and one summary speaks for many", async () => {
  const router = await startRouter({ ...TWO_AND_ONE, SAFETY_WINDOW_SEC: "4" });
  await trip(router);
  await bench.eye.command("PEXPIRE", router.keys.safeMode, "60000");
  for (let at = 0; at < 7; at += 1) await decide(router, validOn("BNBUSDT"));
  const counted = await verdicts(router, 10);
  expect(counted).toMatchObject({ admitted: 2, "denied:SAFE_MODE_ENABLED": 7 });
  expect(await ttlMs(router)).toBeWithin(1, 60_001);
  const summaries = await waitUntil("a summary speaks for the rest", async () => {
    const spoken = (await faults(router)).filter((fault) => fault["reason"] === "SAFE_MODE_ENABLED");
    return spoken.reduce((sum, fault) => sum + Number(fault["suppressed"]), 0) === 7 && spoken;
  });
  expect(summaries.map((fault) => fault["suppressed"])).toEqual(["1", "6"]);
  expect(await bench.eye.command("XLEN", router.keys.faultStream)).toBe(3);
  expect(await bench.eye.command("XLEN", router.keys.intentStream)).toBe(2);
});

test("exits pass while safe mode stands", async () => {
  const router = await startRouter(TWO_AND_ONE);
  await trip(router);
  await decide(router, validOn("ETHUSDT", { side: "CLOSE" }));
  await decide(router, validOn("ETHUSDT", { side: "SELL", reduce_only: true }));
  expect(await verdicts(router, 5)).toMatchObject({ exits: 2 });
  expect(await bench.eye.command("XLEN", router.keys.exitIntentStream)).toBe(2);
});

test("when the cooldown is over entries pass again without anybody's help", async () => {
  const router = await startRouter({ ...TWO_AND_ONE, ...SHORT });
  await trip(router);
  await decide(router, validOn("XRPUSDT"));
  expect(await verdicts(router, 4)).toMatchObject({ "denied:SAFE_MODE_ENABLED": 1 });
  await waitUntil("safe mode has ended", async () => (await ttlMs(router)) === -2);
  await decide(router, validOn("BNBUSDT"));
  expect(await verdicts(router, 5)).toMatchObject({ admitted: 3 });
});

test("a denied decision that is published anew after the cooldown passes; a redelivered one never does", async () => {
  const router = await startRouter(TWO_AND_ONE);
  const denied = validOn("SOLUSDT");
  const trace = await trip(router);
  await bench.eye.command("DEL", router.keys.safeMode, router.keys.windowGlobal);
  await decide(router, denied, trace);
  expect(await verdicts(router, 4)).toMatchObject({ admitted: 3 });
  await decide(router, denied, trace);
  expect(await verdicts(router, 5)).toMatchObject({ admitted: 3, "denied:DUPLICATE": 1 });
});

test("a sliding window does not let twice the limit through across a bucket's edge", async () => {
  const router = await startRouter({ SAFETY_WINDOW_SEC: "6", SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "4" });
  const phase = () => (Date.now() % 6000) / 6000;
  await waitUntil("a bucket is about to end", () => phase() > 0.75 && phase() < 0.9);
  const bucket = Math.floor(Date.now() / 6000);
  for (let at = 0; at < 4; at += 1) await decide(router, validOn("ETHUSDT", { timestamp: Date.now() - at }));
  await verdicts(router, 4);
  await waitUntil("the next bucket began", () => Math.floor(Date.now() / 6000) > bucket);
  await decide(router, validOn("BTCUSDT"));
  expect(await verdicts(router, 5)).toMatchObject({ admitted: 4, "denied:GLOBAL_RATE_EXCEEDED": 1 });
});
