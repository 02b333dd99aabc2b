import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { type ExecutionResult, encodeResult } from "../../../lib/contract/execution-result.ts";
import { deadLetterStreamOf } from "../../../lib/contract/keys.ts";
import { CallExpiredError } from "../../../lib/kernel/function-call.ts";
import {
  beginOrder,
  countOrderFailure,
  receiveOrder,
  type Submission,
  submitOrder,
} from "../../../lib/kernel/order-ledger.ts";
import { settleOrder } from "../../../lib/kernel/settle-order.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  await run("FLUSHDB");
  await run("SET", server.keys.kill, "0");
});

const run = (...args: string[]) => server.client.command(args);
const source = () => ({ stream: server.keys.intentStream, group: "g", entryId: "1-1" });
const received = (intentId = "i") =>
  receiveOrder(server.client, server.keys, { intentId, owner: "me", source: source() });

function submission(change: Partial<Submission> = {}): Submission {
  return {
    ...{ intentId: "i", owner: "me", kind: "entry", attempt: 1, clientOrderId: "c-1", symbol: "ETHUSDT" },
    ...{ signedAtMs: Date.now(), recvWindowMs: 2000, side: "BUY", quantity: "1", decidedAtMs: Date.now() },
    ...{ ageMaxMs: 60_000, holdMinMs: 60_000, tradesMax: 3, gates: "enforce" },
    ...change,
  };
}
const submit = (change: Partial<Submission> = {}) =>
  submitOrder(server.client, server.keys, submission(change));

const begin = (change: Partial<Submission> = {}, caller = server.client, entryId = "1-1") =>
  beginOrder(caller, server.keys, { ...submission(change), kind: "entry", source: { ...source(), entryId } });
const ledger = (field: string) => run("HGET", `${server.keys.orderLedgerPrefix}i`, field);

const RESULT: ExecutionResult = {
  ...{ intent_id: "i", correlation_id: "", trace_id: "", symbol: "ETHUSDT", action: "BUY", status: "filled" },
  ...{ order_id: "1", client_order_id: "c-1", entry_price: "1", quantity: "1", position_size_usd: "1" },
  ...{ leverage: 1, slippage_pct: "0", fee_usd: "0", timestamp: "2026-01-01T00:00:00.000Z" },
};

async function settle(kind: "entry" | "exit" = "entry", tradedAtMs = Date.now()): Promise<boolean> {
  return settleOrder(
    server.client,
    server.keys,
    { canonical: server.keys.resultStream, legacy: undefined },
    {
      ...{ intentId: "i", owner: "me", source: source(), state: "FILLED", kind, result: RESULT },
      ...{ counted: ["outcome:filled"], tradedAtMs, holdMinMs: 60_000, plan: { kind: "keep" } },
      ...{ planSuffix: "ETHUSDT", deadLetter: undefined },
    },
  );
}

test.each([
  ["the kill switch", () => run("SET", server.keys.kill, "1"), { kind: "denied", reason: "KILL_SWITCH" }],
  [
    "a halt",
    () => run("HSET", server.keys.tradingState, "halted", "true"),
    { kind: "denied", reason: "TRADING_HALTED" },
  ],
  ["safe mode", () => run("SET", server.keys.safeMode, "1"), { kind: "denied", reason: "SAFE_MODE_ENABLED" }],
  [
    "a trade of the symbol",
    () => run("SET", `${server.keys.gateLastTradePrefix}ETHUSDT`, String(Date.now())),
    { kind: "held", reason: "COOLDOWN" },
  ],
  [
    "another entry in flight",
    async () => {
      await run("HSET", server.keys.gateInFlight, "ETHUSDT", "other");
      await run("HSET", `${server.keys.orderLedgerPrefix}other`, "state", "SUBMITTING");
    },
    { kind: "held", reason: "COOLDOWN" },
  ],
  [
    "three trades",
    () =>
      run("ZADD", server.keys.gateTrades, ...["a", "b", "c"].flatMap((name) => [String(Date.now()), name])),
    { kind: "held", reason: "RATE_LIMIT" },
  ],
] as const)(
  "%s keeps an entry from being sent at the last moment; an exit passes it",
  async (_what, stop, reply) => {
    await received();
    await stop();
    expect(await submit()).toEqual(reply);
    expect(await run("HGET", `${server.keys.orderLedgerPrefix}i`, "state")).toBe("RECEIVED");
    expect(await submit({ kind: "exit" })).toEqual({ kind: "submitting", wouldHold: undefined });
    await run("DEL", `${server.keys.orderLedgerPrefix}i`);
    expect(await begin()).toEqual(reply);
    expect(await ledger("state")).toBe("RECEIVED");
    expect(await run("ZSCORE", server.keys.gateTrades, "i")).toBe(null);
  },
);

const CLEARED_AT = Date.now() - 30_000;
const clearedHalt = () =>
  run("HSET", server.keys.tradingState, "halted", "false", "cleared_at", String(CLEARED_AT));

test.each([
  ["decided before the clearing", CLEARED_AT - 1, CLEARED_AT + 2000, "denied"],
  ["stamped ahead of it, and published before", CLEARED_AT + 2000, CLEARED_AT - 1, "denied"],
  ["decided after it", CLEARED_AT, CLEARED_AT + 2000, "submitting"],
] as const)(
  "after a halt was cleared an entry %s is judged by it, in doubt or new",
  async (_, decidedAtMs, ms, kind) => {
    const entryId = `${ms}-0`;
    await clearedHalt();
    // In doubt since before the halt, or new: a resend is judged as the first attempt is.
    await receiveOrder(server.client, server.keys, {
      ...{ intentId: "i", owner: "me", source: { ...source(), entryId } },
    });
    expect(await submit({ decidedAtMs })).toMatchObject({ kind });
    await run("DEL", `${server.keys.orderLedgerPrefix}i`, server.keys.gateInFlight);
    expect(await begin({ decidedAtMs }, server.client, entryId)).toMatchObject({ kind });
    expect(await ledger("state")).toBe(kind === "denied" ? "RECEIVED" : "SUBMITTING");
  },
);

test("an exit of before the clearing is sent all the same", async () => {
  await clearedHalt();
  await received();
  expect((await submit({ kind: "exit", decidedAtMs: CLEARED_AT - 1 })).kind).toBe("submitting");
});

test.each([
  ["an operator's reset by hand", []],
  ["a time that is none", ["cleared_at", "yesterday"]],
])("where %s says not when, what was decided before is sent", async (_, fields) => {
  await run("HSET", server.keys.tradingState, "halted", "false", ...fields);
  await received();
  expect((await submit({ decidedAtMs: CLEARED_AT })).kind).toBe("submitting");
});

test.each([
  ["before the halt", -1, "denied"],
  ["since the halt", 0, "submitting"],
] as const)(
  "where it says not when, an entry decided %s is judged by the halt's own time",
  async (_, laterMs, kind) => {
    await run("HSET", server.keys.tradingState, "halted", "false", "ts", String(CLEARED_AT));
    await receiveOrder(server.client, server.keys, {
      ...{ intentId: "i", owner: "me", source: { ...source(), entryId: `${CLEARED_AT + 2000}-0` } },
    });
    expect((await submit({ decidedAtMs: CLEARED_AT + laterMs })).kind).toBe(kind);
  },
);

test("beginning an entry takes it into the ledger and submits it, once", async () => {
  await run("XADD", server.keys.intentStream, "1-1", "data", "{}");
  expect(await begin()).toEqual({ kind: "submitting", wouldHold: undefined });
  expect(await ledger("state")).toBe("SUBMITTING");
  expect(await ledger("client_order_id")).toBe("c-1");
  expect(await ledger("entry")).toBe(`${server.keys.intentStream} 1-1`);
  expect(await run("HGET", `${server.keys.statsPrefix}execution`, "received")).toBe("1");
  expect(await run("HGET", server.keys.gateInFlight, "ETHUSDT")).toBe("i");
  const again = await begin();
  expect(again).toMatchObject({ kind: "resumed", order: { state: "SUBMITTING", attempt: 1 } });
  expect(await begin({}, server.client, "2-2")).toEqual({ kind: "duplicate" });
  const taken = await begin({ owner: "another" });
  expect(taken).toMatchObject({ kind: "resumed", order: { state: "UNKNOWN", owner: "another" } });
});

test("an order whose stream entry Redis forgot goes on under the entry that its intent is published anew in", async () => {
  await begin();
  const found = await begin({ owner: "another" }, server.client, "2-2");
  expect(found).toMatchObject({ kind: "resumed", order: { state: "UNKNOWN", owner: "another" } });
  expect(await ledger("entry")).toBe(`${server.keys.intentStream} 2-2`);
});

test("an order that is settled stays so, whatever Redis forgot", async () => {
  await begin();
  await settle();
  expect(await begin({}, server.client, "2-2")).toEqual({ kind: "duplicate" });
});

test("an entry that was received before is begun by nobody: it is submitted by its owner", async () => {
  await received();
  expect(await begin()).toMatchObject({ kind: "resumed", order: { state: "RECEIVED", attempt: 0 } });
  expect(await ledger("state")).toBe("RECEIVED");
});

test("an entry that has ended is only acknowledged when it is begun again", async () => {
  await begin();
  await settle();
  expect(await begin()).toEqual({ kind: "settled" });
  expect(await ledger("state")).toBe("FILLED");
});

test("a beginning that arrives after its deadline writes nothing", async () => {
  const late = { ...server.client, serverNowMs: () => Date.now() - 60_000 };
  const failure = await begin({}, late).then(String, (error: unknown) => error);
  expect(failure).toBeInstanceOf(CallExpiredError);
  expect(await run("EXISTS", `${server.keys.orderLedgerPrefix}i`)).toBe(0);
});

test("an order that may be at the venue is no dead letter", async () => {
  await begin();
  const letter = { reason: "DELIVERIES_EXHAUSTED", raw: "{}" };
  const settled = (state: "REJECTED") =>
    settleOrder(
      server.client,
      server.keys,
      { canonical: server.keys.resultStream, legacy: undefined },
      {
        ...{ intentId: "i", owner: "me", source: source(), state, kind: "entry", result: RESULT },
        ...{ counted: [], tradedAtMs: undefined, holdMinMs: 60_000, plan: { kind: "keep" } },
        ...{ planSuffix: "ETHUSDT", deadLetter: letter },
      },
    ).then(String, (error: unknown) => String(error));
  expect(await settled("REJECTED")).toContain("SUBMITTING");
  await run("HSET", `${server.keys.orderLedgerPrefix}i`, "state", "UNKNOWN");
  expect(await settled("REJECTED")).toContain("UNKNOWN");
  expect(await run("EXISTS", server.keys.resultStream, deadLetterStreamOf(server.keys.intentStream))).toBe(0);
});

test("an exit cannot be begun by the entries' function", async () => {
  const call = [
    "FCALL",
    "begin_v1",
    "10",
    ...Array.from({ length: 10 }, (_, at) => `{k}${at}`),
    "9e15",
    "i",
    "me",
  ];
  const refused = run(...call, "exit", ...Array.from({ length: 14 }, () => "1"));
  expect(await refused.then(String, String)).toContain("begin_v1 is for entries alone");
  expect(await run("EXISTS", "{k}0")).toBe(0);
});

test("a reservation whose order was deleted from the ledger cools the symbol down and then blocks nothing", async () => {
  await received();
  const reserve = async (at: number) => {
    await run("HSET", server.keys.gateInFlight, "ETHUSDT", "deleted");
    await run("ZADD", server.keys.gateTrades, String(at), "deleted");
  };
  await reserve(Date.now() - 59_000);
  expect(await submit()).toEqual({ kind: "held", reason: "COOLDOWN" });
  expect(await submit()).toEqual({ kind: "held", reason: "COOLDOWN" });
  await reserve(Date.now() - 60_001);
  expect(await submit()).toEqual({ kind: "submitting", wouldHold: undefined });
  expect(await run("HGET", server.keys.gateInFlight, "ETHUSDT")).toBe("i");
});

test("an entry that has become too old meanwhile is not sent", async () => {
  await received();
  expect(await submit({ decidedAtMs: Date.now() - 60_001 })).toEqual({ kind: "expired" });
});

test("trades of more than ten minutes ago do not count", async () => {
  await received();
  const old = String(Date.now() - 600_001);
  await run("ZADD", server.keys.gateTrades, old, "a", old, "b", old, "c");
  expect((await submit()).kind).toBe("submitting");
  expect(await run("ZRANGE", server.keys.gateTrades, "0", "-1")).toEqual(["i"]);
});

test("a trade of less than ten minutes ago counts, and is kept for them", async () => {
  await received();
  const lately = String(Date.now() - 590_000);
  await run("ZADD", server.keys.gateTrades, lately, "a", lately, "b", lately, "c");
  expect(await submit()).toEqual({ kind: "held", reason: "RATE_LIMIT" });
  expect((await submit({ tradesMax: 4 })).kind).toBe("submitting");
  expect(await run("ZCARD", server.keys.gateTrades)).toBe(4);
  expect(Number(await run("TTL", server.keys.gateTrades))).toBeWithin(599, 601);
});

test("an entry that is signed anew is not held by its own reservation", async () => {
  await received();
  const now = String(Date.now());
  await run("ZADD", server.keys.gateTrades, now, "a", now, "b");
  expect((await submit()).kind).toBe("submitting");
  expect((await submit()).kind).toBe("submitting");
});

test("a trade that is told after the list of trades has ended gives it its lifetime", async () => {
  await received();
  await submit();
  await run("DEL", server.keys.gateTrades);
  await settle();
  expect(Number(await run("TTL", server.keys.gateTrades))).toBeWithin(599, 601);
});

test("a list of open orders that is unreadable stops neither the order nor its end", async () => {
  await run("SET", server.keys.openOrders, "x");
  await received();
  expect((await submit({ kind: "exit" })).kind).toBe("submitting");
  expect(await settle("exit")).toBe(true);
  expect(await run("XLEN", server.keys.resultStream)).toBe(1);
});

test("settling twice gives one result; the ledger's life is counted from its end", async () => {
  await received();
  expect(await run("TTL", `${server.keys.orderLedgerPrefix}i`)).toBe(-1);
  await submit();
  expect(await settle()).toBe(true);
  expect(await settle()).toBe(false);
  expect(await run("XLEN", server.keys.resultStream)).toBe(1);
  expect(Number(await run("TTL", `${server.keys.orderLedgerPrefix}i`))).toBeWithin(86_399, 86_401);
  const entry = [await run("XRANGE", server.keys.resultStream, "-", "+")].flat(3).map(String).slice(1);
  expect(entry).toEqual([...encodeResult(RESULT)]);
});

test("the symbol's last trade never moves back", async () => {
  const later = Date.now();
  await run("SET", `${server.keys.gateLastTradePrefix}ETHUSDT`, String(later), "PX", "60000");
  await received();
  await submit({ gates: "audit" });
  await settle("entry", later - 5000);
  expect(await run("GET", `${server.keys.gateLastTradePrefix}ETHUSDT`)).toBe(String(later));
});

test("a failure that a former owner counts is none", async () => {
  await received();
  const count = (owner: string) =>
    countOrderFailure(server.client, server.keys, { intentId: "i", owner, why: "x" });
  await count("another").catch(() => undefined);
  expect(await ledger("failures")).toBe("0");
  expect(await count("me")).toMatchObject({ failures: 1 });
});

test("who finds an order settled, by receiving it or by settling it, acknowledges its entry", async () => {
  const { intentStream } = server.keys;
  const pending = async () => Number([await run("XPENDING", intentStream, "g")].flat()[0]);
  for (const act of [received, settle]) {
    await run("FLUSHDB");
    await run("XGROUP", "CREATE", intentStream, "g", "0", "MKSTREAM");
    await run("XADD", intentStream, "1-1", "data", "{}");
    await run("XREADGROUP", "GROUP", "g", "c", "STREAMS", intentStream, ">");
    await received();
    await run("HSET", `${server.keys.orderLedgerPrefix}i`, "state", "FILLED");
    expect(await pending()).toBe(1);
    await act();
    expect(await pending()).toBe(0);
  }
});
