import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import {
  decide,
  operate,
  type RedisBench,
  type RunningDaemon,
  startRedisBench,
  statistic,
  verdicts,
} from "../../support/pipeline.ts";
import { untilDayIsYoung } from "../../support/utc-day.ts";
import { validOn } from "../../support/valid-trade.ts";

let bench: RedisBench;
beforeAll(async () => {
  bench = await startRedisBench();
});
afterAll(() => bench[Symbol.asyncDispose]());

async function startRouter(env: Readonly<Record<string, string>> = {}): Promise<RunningDaemon> {
  const router = bench.start("ai-strategy-router", env);
  await bench.eye.command("SET", router.keys.kill, "0");
  return router.ready();
}

/** What becomes of one more sound entry. */
async function verdictOfNext(router: RunningDaemon): Promise<string> {
  const decided = await statistic(router, "ai-strategy-router", "decisions");
  const before = await verdicts(router, decided);
  await decide(router, validOn("ETHUSDT"));
  const after = await verdicts(router, decided + 1);
  const changed = Object.keys(after).filter((field) => after[field] !== before[field]);
  return changed.filter((field) => /^(?:admitted|denied:)/.test(field)).join();
}

const audit = async (router: RunningDaemon) =>
  (await readStream(bench.eye, router.keys.auditStream)).map((entry) => entry.fields);

test("an operator sets safe mode with a TTL and clears it by curl, and both are in the audit", async () => {
  const router = await startRouter();
  const on = await operate(router, { method: "PUT", path: "/v1/safe-mode", body: { ttl_sec: 120 } });
  expect(on).toEqual({ status: 200, body: { on: true, ttl_sec: 120 } });
  expect(await bench.eye.command("GET", router.keys.safeMode)).toBe("1");
  expect(await verdictOfNext(router)).toBe("denied:SAFE_MODE_ENABLED");
  const off = await operate(router, { method: "DELETE", path: "/v1/safe-mode" });
  expect(off).toEqual({ status: 200, body: { on: false, ttl_sec: null } });
  expect(await verdictOfNext(router)).toBe("admitted");
  expect(await audit(router)).toEqual([
    expect.objectContaining({
      role: "ai-strategy-router",
      who: "anna",
      what: "safe mode on",
      before: "(absent)",
      after: "1",
      ttl_sec: "120",
    }),
    expect.objectContaining({ who: "anna", what: "safe mode off", before: "1", after: "(absent)" }),
  ]);
});

test("without a TTL safe mode stays until it is cleared", async () => {
  const router = await startRouter();
  const on = await operate(router, { method: "PUT", path: "/v1/safe-mode", body: {} });
  expect(on.body).toEqual({ on: true, ttl_sec: null });
  expect(await bench.eye.command("TTL", router.keys.safeMode)).toBe(-1);
});

test.each([
  ["without a token", { "X-Operator": "anna" }, 401],
  ["with a wrong token", { Authorization: "Bearer wrong", "X-Operator": "anna" }, 401],
])("a change %s is refused and changes nothing", async (_how, headers, status) => {
  const router = await startRouter();
  const calls = [
    { method: "PUT", path: "/v1/safe-mode", body: {} },
    { method: "DELETE", path: "/v1/safe-mode" },
    { method: "PUT", path: "/v1/kill", body: { engaged: true } },
  ] as const;
  for (const call of calls) {
    const reply = await operate(router, {
      ...call,
      headers: { "Content-Type": "application/json", ...headers },
    });
    expect(reply).toMatchObject({ status, body: { error: { code: expect.any(String) } } });
  }
  expect(await bench.eye.command("EXISTS", router.keys.safeMode, router.keys.auditStream)).toBe(0);
  expect(await bench.eye.command("GET", router.keys.kill)).toBe("0");
});

test("a change by nobody in particular is refused", async () => {
  const router = await startRouter();
  const headers = { Authorization: `Bearer ${router.token}`, "Content-Type": "application/json" };
  const reply = await operate(router, { method: "PUT", path: "/v1/safe-mode", body: {}, headers });
  expect(reply).toMatchObject({ status: 400, body: { error: { code: "OPERATOR_MISSING" } } });
  expect(await bench.eye.command("EXISTS", router.keys.safeMode)).toBe(0);
});

test("a bare SET and DEL do the same as curl", async () => {
  const router = await startRouter();
  await bench.eye.command("SET", router.keys.safeMode, "1", "EX", "300");
  expect(await verdictOfNext(router)).toBe("denied:SAFE_MODE_ENABLED");
  const read = await operate(router, { method: "GET", path: "/v1/safe-mode", headers: {} });
  const { on, ttl_sec: ttlSec } = z.object({ on: z.boolean(), ttl_sec: z.number() }).parse(read.body);
  expect(on).toBe(true);
  expect(ttlSec).toBeWithin(100, 301);
  await bench.eye.command("SET", router.keys.safeMode, "0");
  expect(await verdictOfNext(router)).toBe("admitted");
  await bench.eye.command("SET", router.keys.safeMode, "1");
  expect(await verdictOfNext(router)).toBe("denied:SAFE_MODE_ENABLED");
  await bench.eye.command("DEL", router.keys.safeMode);
  expect(await verdictOfNext(router)).toBe("admitted");
});

test.each([
  ["without a TTL", ["SET", "1"], -1, -1],
  ["with a longer TTL than a trip's", ["SET", "1", "EX", "5000"], 4900, 5000],
])(
  "an operator's safe mode %s is never shortened by what it refuses",
  async (_how, [set = "", ...how], least, most) => {
    const router = await startRouter({ SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "1" });
    await bench.eye.command(set, router.keys.safeMode, ...how);
    for (let at = 0; at < 6; at += 1)
      await decide(router, validOn("ETHUSDT", { timestamp: Date.now() - at }));
    expect(await verdicts(router, 6)).toMatchObject({ "denied:SAFE_MODE_ENABLED": 6 });
    expect(Number(await bench.eye.command("TTL", router.keys.safeMode))).toBeWithin(least, most + 1);
    expect(await bench.eye.command("EXISTS", router.keys.windowGlobal)).toBe(0);
  },
);

test("SAFETY_SAFE_MODE_DEFAULT=1 starts in safe mode where the key is absent, until somebody clears it", async () => {
  const router = await startRouter({ SAFETY_SAFE_MODE_DEFAULT: "1" });
  expect(await bench.eye.command("TTL", router.keys.safeMode)).toBe(-1);
  expect(await verdictOfNext(router)).toBe("denied:SAFE_MODE_ENABLED");
  await operate(router, { method: "DELETE", path: "/v1/safe-mode" });
  expect(await verdictOfNext(router)).toBe("admitted");
});

test("SAFETY_SAFE_MODE_DEFAULT=1 holds on a server that is out of memory, and the router still gets ready", async () => {
  const namespace = { QUANTUM_NAMESPACE: "{default-oom}" };
  const first = await startRouter(namespace);
  await first.process.stop();
  await bench.eye.command("CONFIG", "SET", "maxmemory", "1");
  try {
    const env = { ...namespace, SAFETY_SAFE_MODE_DEFAULT: "1", QUANTUM_INSTANCE: "second" };
    const router = await bench.start("ai-strategy-router", env).ready();
    expect(await bench.eye.command("GET", router.keys.safeMode)).toBe("1");
  } finally {
    await bench.eye.command("CONFIG", "SET", "maxmemory", "0");
  }
});

test("SAFETY_SAFE_MODE_DEFAULT=1 leaves alone what an operator has said before", async () => {
  const keys = { QUANTUM_NAMESPACE: "{said-before}" };
  await bench.eye.command("SET", "{said-before}quantum:safety:safe_mode", "0");
  const router = await startRouter({ ...keys, SAFETY_SAFE_MODE_DEFAULT: "1" });
  expect(await bench.eye.command("GET", router.keys.safeMode)).toBe("0");
  expect(await verdictOfNext(router)).toBe("admitted");
});

test("a lost connection does not undo what an operator has cleared", async () => {
  const router = await startRouter({ SAFETY_SAFE_MODE_DEFAULT: "1" });
  await operate(router, { method: "DELETE", path: "/v1/safe-mode" });
  await bench.eye.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  expect(await verdictOfNext(router)).toBe("admitted");
  expect(await bench.eye.command("EXISTS", router.keys.safeMode)).toBe(0);
});

test("the kill switch is read, engaged and released by curl, and stops entries at once", async () => {
  const router = await startRouter();
  const engaged = await operate(router, { method: "PUT", path: "/v1/kill", body: { engaged: true } });
  expect(engaged).toEqual({ status: 200, body: { engaged: true, value: "1" } });
  await decide(router, validOn("ETHUSDT"));
  expect(await verdicts(router, 1)).toMatchObject({ "denied:KILL_SWITCH": 1 });
  const armed = await operate(router, { method: "PUT", path: "/v1/kill", body: { engaged: false } });
  expect(armed.body).toEqual({ engaged: false, value: "0" });
  expect(await verdictOfNext(router)).toBe("admitted");
  expect((await audit(router)).map((entry) => [entry["who"], entry["before"], entry["after"]])).toEqual([
    ["anna", "0", "1"],
    ["anna", "1", "0"],
  ]);
});

test("rates, governor and faults say what the router counts", async () => {
  await untilDayIsYoung();
  const router = await startRouter({
    SAFETY_WINDOW_SEC: "200",
    SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "1",
    GOVERNOR_MAX_DAILY_TRADES: "9",
  });
  await decide(router, validOn("ETHUSDT"));
  await decide(router, validOn("BTCUSDT"));
  await verdicts(router, 2);
  const read = async (path: string) => (await operate(router, { method: "GET", path, headers: {} })).body;
  expect(await read("/v1/rates")).toMatchObject({
    window_sec: 200,
    global: { count: 2, max: 1 },
    symbols: { max: 5 },
  });
  expect(await read("/v1/governor")).toMatchObject({ used: 1, max: 9, left: 8 });
  expect(await read("/v1/faults?count=5")).toMatchObject({
    faults: [{ reason: "GLOBAL_RATE_EXCEEDED", symbol: "BTCUSDT", global_count: 2 }],
    unreadable: 0,
  });
});
