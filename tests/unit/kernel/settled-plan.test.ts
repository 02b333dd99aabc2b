import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { receiveOrder, submitOrder } from "../../../lib/kernel/order-ledger.ts";
import { adoptPlan } from "../../../lib/kernel/position-plans.ts";
import { type Settlement, settleOrder } from "../../../lib/kernel/settle-order.ts";
import { type KernelServer, startKernelServer } from "../../support/kernel-server.ts";

/** Two entries of one symbol fill one after the other; they settle in any order. */
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
const planKey = () => `${server.keys.positionPlanPrefix}ETHUSDT`;
const planOf = () => run("HGET", planKey(), "intent_id");

type Stop = NonNullable<Settlement["stop"]>;

/** An entry that filled at `tradedAtMs` ends. */
async function settle(intentId: string, tradedAtMs: number, stop: Stop = "settled"): Promise<void> {
  const { client, keys } = server;
  const source = { stream: keys.intentStream, group: "g", entryId: `1-${tradedAtMs}` };
  await receiveOrder(client, keys, { intentId, owner: "me", source });
  await submitOrder(client, keys, {
    ...{ intentId, owner: "me", kind: "entry", attempt: 1, clientOrderId: "c-1", symbol: "ETHUSDT" },
    ...{ signedAtMs: 1, recvWindowMs: 2000, side: "BUY", quantity: "1", decidedAtMs: Date.now() },
    ...{ ageMaxMs: 60_000, holdMinMs: 60_000, tradesMax: 3, gates: "audit" },
  });
  const streams = { canonical: keys.resultStream, legacy: undefined };
  const fields = { intent_id: intentId, opened_at: String(tradedAtMs) };
  await settleOrder(client, keys, streams, {
    ...{ intentId, owner: "me", source, state: "FILLED", kind: "entry", counted: [], holdMinMs: 0 },
    ...{ tradedAtMs, plan: { kind: "write", fields }, planSuffix: "ETHUSDT", deadLetter: undefined, stop },
    result: {
      ...{ intent_id: intentId, correlation_id: "", trace_id: "", symbol: "ETHUSDT", action: "BUY" },
      ...{ status: "filled", order_id: "1", client_order_id: "c-1", entry_price: "1", quantity: "1" },
      ...{ position_size_usd: "1", leverage: 1, slippage_pct: "0", fee_usd: "0", timestamp: "" },
    },
  });
}

test.each([
  ["the later one replaces the earlier one's", ["earlier", 1000], ["later", 2000], "later"],
  ["the earlier one, settling late, leaves the later one's", ["later", 2000], ["earlier", 1000], "later"],
  ["of one moment, the one that settles last has it", ["one", 1000], ["other", 1000], "other"],
] as const)("a plan is the last fill's: %s", async (_, [first, firstMs], [second, secondMs], kept) => {
  await settle(first, firstMs);
  await settle(second, secondMs);
  expect(await planOf()).toBe(kept);
  expect(await run("XLEN", server.keys.resultStream)).toBe(2);
});

test.each([
  ["settled", "missing", true],
  ["missing", "missing", true],
  ["settled", "settled", false],
] as const)(
  "an earlier entry's stop, %s, says nothing of the later one's, %s",
  async (earlier, later, listed) => {
    await settle("later", 2000, later);
    await settle("earlier", 1000, earlier);
    expect(await run("ZSCORE", server.keys.stopsMissing, planKey())).toEqual(
      listed ? expect.any(String) : null,
    );
  },
);

test("a default plan, though adopted later than the fill, gives way to the entry's own", async () => {
  const fields = ["intent_id", "adopted", "opened_at", "5000"];
  await adoptPlan(server.client, { key: planKey(), fields, replaces: null });
  await settle("late", 1000);
  expect(await planOf()).toBe("late");
});

test.each([
  ["of another type", () => run("SET", planKey(), "x")],
  ["without its time", () => run("HSET", planKey(), "intent_id", "later")],
  ["of no time at all", () => run("HSET", planKey(), "intent_id", "later", "opened_at", "nan")],
  ["of nobody", () => run("HSET", planKey(), "opened_at", "9000")],
])("a plan %s keeps no entry from leaving its own", async (_, spoil) => {
  await spoil();
  await settle("entry", 1000);
  expect(await planOf()).toBe("entry");
});
