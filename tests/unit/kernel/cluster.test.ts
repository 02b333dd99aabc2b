import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ExecutionResult } from "../../../lib/contract/execution-result.ts";
import { GROUPS, streamRetentions } from "../../../lib/contract/groups.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { type AdmissionLimits, type AdmissionRequest, admit } from "../../../lib/kernel/admit.ts";
import { ensureLibrary } from "../../../lib/kernel/library.ts";
import { receiveOrder, submitOrder } from "../../../lib/kernel/order-ledger.ts";
import { settleOrder, settleStray } from "../../../lib/kernel/settle-order.ts";
import { summariseRefusals } from "../../../lib/kernel/summarise-refusals.ts";
import { claimMode, setSwitch } from "../../../lib/kernel/switches.ts";
import { trimStream } from "../../../lib/kernel/trim-stream.ts";
import { connectRedis, type RedisConnection } from "../../../lib/redis/connection.ts";
import { failureOf } from "../../support/failure-of.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

/** Redis itself refuses a function that touches a key of another slot than its first. */
const keys = keysOf("{acct-7}");
const LIMITS: AdmissionLimits = {
  ...{ windowSec: 10, globalMax: 100, symbolMax: 1, cooldownSec: 300, window: "sliding" },
  ...{ dailyMax: 100, backlogMax: 10, routerPid: 1 },
};

let server: RedisServer;
let redis: RedisConnection;
beforeAll(async () => {
  server = await startRedisServer({ args: ["--cluster-enabled", "yes"] });
  await server.cli("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  await waitUntil(
    "the cluster is well",
    async () => (await server.cli("CLUSTER", "INFO")).includes("cluster_state:ok"),
    { deadlineMs: 20_000 },
  );
  const common = { name: "test", clock: systemClock, random: Math.random, log: keptLog() };
  redis = connectRedis({ url: server.url, deadlineMs: 5000, onConnected: ensureLibrary, ...common });
  await redis.whenReady();
  await redis.command(["SET", keys.kill, "0"]);
  for (const { stream, groups } of streamRetentions(keys)) {
    for (const group of groups) await redis.command(["XGROUP", "CREATE", stream, group, "0", "MKSTREAM"]);
  }
}, 120_000);
afterAll(async () => {
  await redis.close();
  await server[Symbol.asyncDispose]();
});

function decisions(): AdmissionRequest[] {
  const common = (n: number) => ({
    id: `${n}-1`,
    symbol: "ETHUSDT",
    side: "BUY",
    correlationId: `c${n}`,
    traceId: "t",
  });
  const published = (n: number) => ({ intentId: `i${n}`, document: "{}" });
  return [
    { ...common(1), kind: "entry", ...published(1) },
    { ...common(2), kind: "exit", ...published(2) },
    { ...common(3), kind: "dead", detail: "why", document: "raw" },
    { ...common(4), kind: "entry", ...published(4) },
    { ...common(5), kind: "entry", ...published(5) },
  ];
}

describe("every key of a namespace is in one slot, those that functions put together, too", () => {
  test("admission: published, exit, dead letter, trip and refusal", async () => {
    const { verdicts } = await admit(redis, keys, { limits: LIMITS, requests: decisions(), rates: "check" });
    const names = verdicts.map((one) => (one.kind === "DENIED" ? one.reason : one.kind));
    expect(names.join(" ")).toBe("ADMITTED EXIT DEAD SYMBOL_RATE_EXCEEDED SAFE_MODE_ENABLED");
    expect(await summariseRefusals(redis, keys, LIMITS)).toBe(0);
  });

  test("the ledger, from the reading of an intent to its settlement", async () => {
    await redis.command(["DEL", keys.safeMode]);
    const source = { stream: keys.intentStream, group: GROUPS.executionIntents, entryId: "1-1" };
    const intentId = "i1";
    const streams = { canonical: keys.resultStream, legacy: undefined };
    await receiveOrder(redis, keys, { intentId, owner: "me", source });
    const submitted = await submitOrder(redis, keys, {
      ...{ intentId, owner: "me", kind: "entry", attempt: 1, clientOrderId: "c", symbol: "ETHUSDT" },
      ...{ signedAtMs: 1, recvWindowMs: 2000, side: "BUY", quantity: "1", decidedAtMs: Date.now() },
      ...{ ageMaxMs: 600_000, holdMinMs: 1000, tradesMax: 3, gates: "enforce" },
    });
    expect(submitted.kind).toBe("submitting");
    const result: ExecutionResult = {
      ...{ intent_id: intentId, correlation_id: "c", trace_id: "t", symbol: "ETHUSDT" },
      action: "BUY",
      status: "filled",
      ...{ order_id: "1", client_order_id: "c", entry_price: "1", quantity: "1" },
      ...{ position_size_usd: "1", leverage: 1, slippage_pct: "0", fee_usd: "0", timestamp: "now" },
    };
    const settled = await settleOrder(redis, keys, streams, {
      ...{
        intentId,
        owner: "me",
        source,
        state: "FILLED",
        kind: "entry",
        result,
        counted: ["outcome:filled"],
      },
      ...{ tradedAtMs: Date.now(), holdMinMs: 1000, planSuffix: "ETHUSDT", deadLetter: undefined },
      plan: { kind: "write", fields: { symbol: "ETHUSDT" } },
      stop: "missing",
      followUp: "{}",
    });
    expect(settled).toBe(true);
    await redis.command(["XADD", keys.intentStream, "*", "data", "not JSON"]);
    const read = ["GROUP", GROUPS.executionIntents, "e", "STREAMS", keys.intentStream, ">"];
    const page = JSON.stringify(await redis.command(["XREADGROUP", ...read]));
    const entryId = [...page.matchAll(/"(\d+-\d+)"/g)].at(-1)?.[1] ?? "";
    const deadLetter = { reason: "why", raw: "raw" };
    const stray = { source: { ...source, entryId }, result, counted: "dead_letters", deadLetter };
    expect(await settleStray(redis, streams, { ...stray, statsKey: `${keys.statsPrefix}execution` })).toBe(
      true,
    );
  });

  test("switches, mode and retention", async () => {
    expect(await claimMode(redis, keys, { mode: "PAPER", account: "a", record: true })).toEqual({
      kind: "agreed",
    });
    const by = { role: "ai-strategy-router", instance: "x", who: "anna", what: "kill" };
    await setSwitch(redis, keys, { key: keys.kill, value: "1", ttlSec: 0, ...by });
    for (const retention of streamRetentions(keys)) await trimStream(redis, retention);
  });

  test("and without a namespace such a server says so: nothing is done by halves", async () => {
    const batch = { limits: LIMITS, requests: decisions(), rates: "check" as const };
    const failure = await failureOf(admit(redis, keysOf(""), batch));
    expect(failure.message).toStartWith("CROSSSLOT");
  });
});
