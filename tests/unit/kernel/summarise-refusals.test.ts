import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { STATISTICS } from "../../../lib/contract/statistics.ts";
import { type AdmissionLimits, admit } from "../../../lib/kernel/admit.ts";
import { summariseRefusals } from "../../../lib/kernel/summarise-refusals.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

const LIMITS: AdmissionLimits = {
  ...{ windowSec: 10, globalMax: 3, symbolMax: 2, cooldownSec: 300, window: "sliding" },
  ...{ dailyMax: 100, backlogMax: 10, routerPid: 7 },
};

let server: KernelServer;
let made = 0;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  await run("FLUSHDB");
  await run("SET", server.keys.kill, "0");
  await run("SET", server.keys.safeMode, "1");
  await run("XGROUP", "CREATE", server.keys.decisionStream, GROUPS.router, "0", "MKSTREAM");
});

const run = (...args: string[]) => server.client.command(args);
const summarise = () => summariseRefusals(server.client, server.keys, LIMITS);

/** So many entries, each refused by safe mode. */
async function refuse(count: number, symbol = "ETHUSDT"): Promise<void> {
  const requests = Array.from({ length: count }, () => {
    made += 1;
    const ids = { correlationId: `c${made}`, traceId: `t${made}`, intentId: `i${made}`, id: `${made}-1` };
    return { ...ids, kind: "entry" as const, symbol, side: "BUY", document: "{}" };
  });
  await admit(server.client, server.keys, { limits: LIMITS, requests, rates: "check" });
}

/** As if so much time had gone by since the episode's last event. */
async function elapse(ms: number): Promise<void> {
  const last = Number(await run("HGET", server.keys.safeModeEpisode, "last_ms"));
  await run("HSET", server.keys.safeModeEpisode, "last_ms", String(last - ms));
}

async function spokenFor(): Promise<number[]> {
  const reply = await run("XRANGE", server.keys.faultStream, "-", "+");
  return (Array.isArray(reply) ? reply : []).map((entry) => {
    const flat = [entry].flat(2).map(String);
    return Number(flat[flat.indexOf("suppressed") + 1]);
  });
}

test("a clock that was set back does not silence the summary", async () => {
  await refuse(3);
  await elapse(-3_600_000);
  await refuse(1);
  expect(await spokenFor()).toEqual([1, 3]);
  await refuse(2);
  await elapse(-3_600_000);
  expect(await summarise()).toBe(2);
});

test("the first refusal speaks at once, those after it wait for a window and are spoken for together", async () => {
  await refuse(5);
  expect(await spokenFor()).toEqual([1]);
  expect(await summarise()).toBe(0);
  await elapse(10_000);
  expect(await summarise()).toBe(4);
  expect(await spokenFor()).toEqual([1, 4]);
});

test("a refusal that comes after the window speaks for all before it", async () => {
  await refuse(3);
  await elapse(10_000);
  await refuse(1);
  expect(await spokenFor()).toEqual([1, 3]);
});

test("a flood of refusals is one event a window, however many there are", async () => {
  for (let at = 0; at < 20; at += 1) await refuse(25);
  expect(await spokenFor()).toEqual([1]);
  await elapse(10_000);
  expect(await summarise()).toBe(499);
  const total = (await spokenFor()).reduce((sum, count) => sum + count, 0);
  expect(total).toBe(500);
});

test("nothing is said where nothing was refused", async () => {
  expect(await summarise()).toBe(0);
  expect(await run("EXISTS", server.keys.faultStream, server.keys.safeModeEpisode)).toBe(0);
});

test("the episode is forgotten when safe mode is off, but not before all of it is spoken for", async () => {
  await refuse(3);
  await run("DEL", server.keys.safeMode);
  expect(await summarise()).toBe(0);
  expect(await run("EXISTS", server.keys.safeModeEpisode)).toBe(1);
  await elapse(10_000);
  expect(await summarise()).toBe(2);
  expect(await run("EXISTS", server.keys.safeModeEpisode)).toBe(0);
});

test("a summary is a fault event with all its fields, and is counted", async () => {
  await refuse(2);
  await elapse(10_000);
  await summarise();
  const reply = await run("XREVRANGE", server.keys.faultStream, "+", "-", "COUNT", "1");
  const fields = [reply].flat(3).map(String).slice(1);
  expect(fields.filter((_, at) => at % 2 === 0)).toEqual([
    ...["timestamp", "reason", "symbol", "side", "global_count", "symbol_count", "global_max", "symbol_max"],
    ...["window_sec", "cooldown_sec", "router_pid", "correlation_id", "trace_id", "suppressed"],
  ]);
  const statistics = `${server.keys.statsPrefix}ai-strategy-router`;
  expect(await run("HGET", statistics, "faults")).toBe("2");
});

test("faults of symbols without end are counted as those of others, once there are four thousand counters", async () => {
  const statistics = `${server.keys.statsPrefix}ai-strategy-router`;
  const faultOf = (symbol: string) => run("HGET", statistics, STATISTICS.fault(symbol, "SAFE_MODE_ENABLED"));
  const refuseAnew = async (symbol: string) => {
    await run("DEL", server.keys.safeModeEpisode);
    await refuse(1, symbol);
  };
  await refuseAnew("ETHUSDT");
  const before = Number(await run("HLEN", statistics));
  const filling = Array.from({ length: 3999 - before }, (_, n) => [STATISTICS.fault(`X${n}`, "A"), "1"]);
  await run("HSET", statistics, ...filling.flat());
  for (const symbol of ["LASTUSDT", "FIRSTUSDT", "SECONDUSDT", "ETHUSDT"]) await refuseAnew(symbol);
  expect(await Promise.all(["LASTUSDT", "FIRSTUSDT", "SECONDUSDT"].map(faultOf))).toEqual(["1", null, null]);
  expect(await faultOf("others")).toBe("2");
  expect(await faultOf("ETHUSDT")).toBe("2");
  expect(await run("HGET", statistics, STATISTICS.faults)).toBe("5");
  expect(await run("HLEN", statistics)).toBe(4001);
});

test("an episode that is unreadable is begun anew, not an error", async () => {
  await run("SET", server.keys.safeModeEpisode, "x");
  await refuse(2);
  expect(await spokenFor()).toEqual([1]);
});
