import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { GROUPS } from "../../lib/contract/groups.ts";
import { CallExpiredError } from "../../lib/kernel/function-call.ts";
import {
  beginOrder,
  type IntentSource,
  markOrderUnknown,
  OrderFencedError,
  readLedgerOrder,
  receiveOrder,
  type Submission,
  submitOrder,
} from "../../lib/kernel/order-ledger.ts";
import { ORDER_MOVES, type OrderState, type TerminalState } from "../../lib/kernel/order-states.ts";
import { type Settlement, settleOrder } from "../../lib/kernel/settle-order.ts";
import { type KernelServer, startKernelServer } from "../support/kernel-server.ts";

let server: KernelServer;
beforeAll(async () => {
  server = await startKernelServer();
});
afterAll(async () => await server[Symbol.asyncDispose]());

const INTENTS = ["a", "b", "c", "d", "e", "f"] as const;
const OWNERS = ["one:boot1", "one:boot2", "two:boot3"] as const;
const TRADES_MAX = 3;
const TERMINAL = ["FILLED", "PARTIAL", "REJECTED", "HELD", "DENIED", "EXPIRED"] as const;
const streams = () => ({ canonical: server.keys.resultStream, legacy: undefined });

interface Event {
  readonly intent: (typeof INTENTS)[number];
  readonly owner: (typeof OWNERS)[number];
  readonly act: "receive" | "begin" | "submit" | "unknown" | "settle";
  readonly end: TerminalState;
}
const event: fc.Arbitrary<Event> = fc.record({
  intent: fc.constantFrom(...INTENTS),
  owner: fc.constantFrom(...OWNERS),
  act: fc.constantFrom("receive", "receive", "begin", "begin", "submit", "submit", "unknown", "settle"),
  end: fc.constantFrom(...TERMINAL),
});

const sources = new Map<string, IntentSource>();
const symbolOf = (intent: string) => `SYM${intent.toUpperCase()}`;

async function freshState(): Promise<void> {
  const { client, keys } = server;
  await client.command(["FLUSHDB"]);
  await client.command(["SET", keys.kill, "0"]);
  await client.command(["XGROUP", "CREATE", keys.intentStream, GROUPS.executionIntents, "0", "MKSTREAM"]);
  for (const intent of INTENTS) {
    const entryId = await client.text("XADD", keys.intentStream, "*", "data", intent);
    sources.set(intent, { stream: keys.intentStream, group: GROUPS.executionIntents, entryId });
  }
  const read = ["XREADGROUP", "GROUP", GROUPS.executionIntents, "e", "STREAMS", keys.intentStream, ">"];
  await client.command(read);
}

function sourceOf(intent: string): IntentSource {
  const source = sources.get(intent);
  if (source === undefined) throw new Error(`no source of ${intent}`);
  return source;
}

function submission(intent: string, owner: string, attempt: number): Submission {
  return {
    intentId: intent,
    owner,
    kind: "entry",
    attempt,
    clientOrderId: `q-${intent}-${attempt}`,
    symbol: symbolOf(intent),
    signedAtMs: 1,
    recvWindowMs: 2000,
    side: "BUY",
    quantity: "1",
    decidedAtMs: Date.now(),
    ageMaxMs: 600_000,
    holdMinMs: 300_000,
    tradesMax: TRADES_MAX,
    gates: "enforce",
  };
}

function settlement(intent: string, owner: string, state: TerminalState): Settlement {
  const traded = state === "FILLED" || state === "PARTIAL";
  return {
    intentId: intent,
    owner,
    source: sourceOf(intent),
    state,
    kind: "entry",
    result: {
      intent_id: intent,
      correlation_id: "",
      trace_id: "",
      symbol: symbolOf(intent),
      action: "BUY",
      status: "filled",
      order_id: "",
      client_order_id: "",
      entry_price: "0",
      quantity: "0",
      position_size_usd: "0",
      leverage: 1,
      slippage_pct: "0",
      fee_usd: "0",
      timestamp: "",
    },
    counted: ["outcome:filled"],
    tradedAtMs: traded ? Date.now() : undefined,
    holdMinMs: 300_000,
    plan: { kind: "keep" },
    planSuffix: symbolOf(intent),
    deadLetter: undefined,
  };
}

async function act({ intent, owner, act: what, end }: Event): Promise<void> {
  const { client, keys } = server;
  const attempt = (await readLedgerOrder(client, keys, intent))?.attempt ?? 0;
  switch (what) {
    case "receive":
      await receiveOrder(client, keys, { intentId: intent, owner, source: sourceOf(intent) });
      break;
    case "begin":
      await beginOrder(client, keys, {
        ...submission(intent, owner, 1),
        kind: "entry",
        source: sourceOf(intent),
      });
      break;
    case "submit":
      await submitOrder(client, keys, submission(intent, owner, attempt + 1));
      break;
    case "unknown":
      await markOrderUnknown(client, keys, { intentId: intent, owner, why: "test" });
      break;
    case "settle":
      await settleOrder(client, keys, streams(), settlement(intent, owner, end));
      break;
  }
}

/** What a call was rejected with; undefined when it was not. */
function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function stateOf(intent: string): Promise<OrderState | undefined> {
  return (await readLedgerOrder(server.client, server.keys, intent))?.state;
}

async function results(): Promise<string[]> {
  const reply = JSON.stringify(await server.client.command(["XRANGE", server.keys.resultStream, "-", "+"]));
  return [...reply.matchAll(/intent_id\\*":\\*"(\w+)/g)].map((match) => match[1] ?? "");
}

test("any order of events from any owners keeps every move legal, one result an intent, slots within the limit", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 10, maxLength: 80 }), async (events) => {
      await freshState();
      const { client, keys } = server;
      for (const one of events) {
        const before = await stateOf(one.intent);
        try {
          await act(one);
        } catch (error) {
          expect(error).toBeInstanceOf(OrderFencedError);
          expect(await stateOf(one.intent)).toBe(before);
        }
        const after = await stateOf(one.intent);
        if (before !== undefined && before !== after) {
          const moves: readonly string[] = ORDER_MOVES[before];
          expect(moves).toContain(after ?? "");
        }
        expect(Number(await client.text("ZCARD", keys.gateTrades))).toBeLessThanOrEqual(TRADES_MAX);
      }
      const ended: string[] = [];
      for (const intent of INTENTS) {
        const state = await stateOf(intent);
        if (state !== undefined && ORDER_MOVES[state].length === 0) ended.push(intent);
        const ttl = Number(await client.text("TTL", keys.orderLedgerPrefix + intent));
        expect(ttl).toBe(state === undefined ? -2 : ended.includes(intent) ? 86_400 : -1);
      }
      expect((await results()).sort()).toEqual(ended.sort());
      const pending = await client.flat("XPENDING", keys.intentStream, GROUPS.executionIntents);
      expect(Number(pending[0])).toBe(INTENTS.length - ended.length);
    }),
    { numRuns: 60 },
  );
}, 120_000);

test("a submitting order that another owner takes over is unknown, and the first owner is fenced", async () => {
  await freshState();
  const { client, keys } = server;
  const source = sourceOf("a");
  await receiveOrder(client, keys, { intentId: "a", owner: OWNERS[0], source });
  await submitOrder(client, keys, submission("a", OWNERS[0], 1));
  const taken = await receiveOrder(client, keys, { intentId: "a", owner: OWNERS[2], source });
  expect(taken).toMatchObject({
    kind: "resumed",
    order: { state: "UNKNOWN", attempt: 1, clientOrderId: "q-a-1" },
  });
  const late = settleOrder(client, keys, streams(), settlement("a", OWNERS[0], "FILLED"));
  expect(await failureOf(late)).toBeInstanceOf(OrderFencedError);
  const again = submitOrder(client, keys, submission("a", OWNERS[0], 2));
  expect(await failureOf(again)).toBeInstanceOf(OrderFencedError);
  expect(await results()).toEqual([]);
});

test.each([
  ["kill switch absent", ["DEL", "quantum:kill"], { kind: "denied", reason: "KILL_SWITCH" }],
  ["kill switch of another type", ["SADD", "quantum:kill", "0"], { kind: "denied", reason: "KILL_SWITCH" }],
  [
    "halted",
    ["HSET", "system:state:trading", "halted", "true"],
    { kind: "denied", reason: "TRADING_HALTED" },
  ],
  ["halt unreadable", ["SET", "system:state:trading", "x"], { kind: "denied", reason: "TRADING_HALTED" }],
  ["safe mode", ["SET", "quantum:safety:safe_mode", "1"], { kind: "denied", reason: "SAFE_MODE_ENABLED" }],
  [
    "safe mode unreadable",
    ["SADD", "quantum:safety:safe_mode", "1"],
    { kind: "denied", reason: "SAFE_MODE_ENABLED" },
  ],
  [
    "a trade just now",
    ["SET", "quantum:gate:last_trade:SYMA", "99999999999999"],
    { kind: "held", reason: "COOLDOWN" },
  ],
  [
    "an entry of the symbol in flight",
    ["HSET", "quantum:gate:in_flight", "SYMA", "other"],
    { kind: "held", reason: "COOLDOWN" },
  ],
] as const)(
  "an entry is not submitted with %s, first or later; an exit is",
  async (_name, command, expected) => {
    await freshState();
    const { client, keys } = server;
    const owner = OWNERS[0];
    await client.command(["DEL", command[1]]);
    await client.command(command);
    await client.command(["HSET", `${keys.orderLedgerPrefix}other`, "state", "SUBMITTING"]);
    await receiveOrder(client, keys, { intentId: "a", owner, source: sourceOf("a") });
    expect(await submitOrder(client, keys, submission("a", owner, 1))).toMatchObject(expected);
    expect(await stateOf("a")).toBe("RECEIVED");
    expect(await submitOrder(client, keys, { ...submission("a", owner, 1), kind: "exit" })).toEqual({
      kind: "submitting",
      wouldHold: undefined,
    });
    await markOrderUnknown(client, keys, { intentId: "a", owner, why: "test" });
    expect(await submitOrder(client, keys, submission("a", owner, 2))).toMatchObject(expected);
    expect(await stateOf("a")).toBe("UNKNOWN");
  },
);

test("a rejected order gives its slot back, a filled one keeps it", async () => {
  await freshState();
  const { client, keys } = server;
  const owner = OWNERS[0];
  const enter = async (intent: string) => {
    await receiveOrder(client, keys, { intentId: intent, owner, source: sourceOf(intent) });
    return submitOrder(client, keys, submission(intent, owner, 1));
  };
  for (const intent of ["a", "b", "c"]) expect((await enter(intent)).kind).toBe("submitting");
  expect(await enter("d")).toEqual({ kind: "held", reason: "RATE_LIMIT" });
  await settleOrder(client, keys, streams(), settlement("a", owner, "FILLED"));
  expect((await submitOrder(client, keys, submission("d", owner, 1))).kind).toBe("held");
  await settleOrder(client, keys, streams(), settlement("b", owner, "REJECTED"));
  expect((await submitOrder(client, keys, submission("d", owner, 1))).kind).toBe("submitting");
  expect(await client.text("HEXISTS", keys.gateInFlight, "SYMA")).toBe("0");
  expect(Number(await client.text("PTTL", `${keys.gateLastTradePrefix}SYMA`))).toBeGreaterThan(299_000);
});

test("a call that arrives after its deadline writes nothing", async () => {
  await freshState();
  const { client, keys } = server;
  const late = { ...client, serverNowMs: () => Date.now() - 60_000 };
  const received = receiveOrder(late, keys, { intentId: "a", owner: OWNERS[0], source: sourceOf("a") });
  expect(await failureOf(received)).toBeInstanceOf(CallExpiredError);
  expect(await stateOf("a")).toBeUndefined();
});

test("a second entry with the same intent id is told apart from a redelivery", async () => {
  await freshState();
  const { client, keys } = server;
  const owner = OWNERS[0];
  const first = sourceOf("a");
  await receiveOrder(client, keys, { intentId: "a", owner, source: first });
  const second = { ...first, entryId: sourceOf("b").entryId };
  expect(await receiveOrder(client, keys, { intentId: "a", owner, source: second })).toEqual({
    kind: "duplicate",
  });
  await settleOrder(client, keys, streams(), settlement("a", owner, "DENIED"));
  expect(await receiveOrder(client, keys, { intentId: "a", owner, source: first })).toEqual({
    kind: "settled",
  });
  expect(await receiveOrder(client, keys, { intentId: "a", owner, source: second })).toEqual({
    kind: "duplicate",
  });
});
