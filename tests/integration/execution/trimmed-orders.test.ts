import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { clientOrderId, protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import type { ExecutionParts } from "../../../lib/execution/execution-parts.ts";
import { resolveOpenOrders } from "../../../lib/execution/resolve-open-orders.ts";
import { BRISK, type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";
import { waitUntil } from "../../support/wait-until.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({}, BRISK);
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.setPrice("ETHUSDT", "3000");
  await desk.emptyRedis();
});

const ID = "trimmed-order";
const ledgerKey = () => `${desk.server.keys.orderLedgerPrefix}${ID}`;
const ledgerState = () => desk.server.client.text("HGET", ledgerKey(), "state");
const inFlight = () => desk.server.client.command(["HGET", desk.server.keys.gateInFlight, "ETHUSDT"]);

/** An order whose process died right before the request, or right after the venue had executed it. */
async function leaveInDoubt(
  how: "executed" | "not_sent",
  intent: object = {},
  lane: "entry" | "exit" = "entry",
) {
  const { exchange } = desk.parts;
  const submitOrder: typeof exchange.submitOrder = async (...order) => {
    if (how === "executed") await exchange.submitOrder(...order);
    throw new Error("dies");
  };
  const entry = await desk.publish(soundIntent({ intent_id: ID, ...intent }), lane);
  await desk.withParts({ exchange: { ...exchange, submitOrder } }, () => desk.handle(entry, lane));
  expect(await ledgerState()).toBe("SUBMITTING");
  return entry;
}

const trim = (stream: string) => desk.server.client.command(["XTRIM", stream, "MAXLEN", "0"]);

/** Another process works through the open orders, a look each millisecond, until `until` holds. */
async function lookUntil(change: Partial<ExecutionParts>, until: (looks: number) => unknown): Promise<void> {
  const { clock, redis } = desk.parts;
  let looks = 0;
  let passedMs = 0;
  const parts: ExecutionParts = {
    ...{ ...desk.parts, owner: "other:next", inHand: new Set() },
    clock: {
      monotonicMs: () => clock.monotonicMs() + passedMs,
      sleep: (ms, signal) => {
        if (ms === 1000) passedMs += 30_000;
        return clock.sleep(ms === 1000 ? 1 : ms, signal);
      },
    },
    redis: {
      ...{ deadlineMs: redis.deadlineMs, serverNowMs: redis.serverNowMs },
      command: (args) => {
        if (args[0] === "ZRANGE") looks += 1;
        return redis.command(args);
      },
    },
    ...change,
  };
  const stopping = new AbortController();
  const running = resolveOpenOrders(parts, stopping.signal);
  await waitUntil("the orders were looked at", async () => (await until(looks)) === true);
  stopping.abort();
  await running;
}

const settled = async () => (await desk.results()).length > 0;

test("an entry that was executed has its result, its plan and its stop, though its stream was trimmed", async () => {
  const { client, keys } = desk.server;
  await leaveInDoubt("executed", { correlation_id: "corr" });
  await trim(keys.intentStream);
  await lookUntil({}, settled);
  expect(await desk.results()).toMatchObject([
    { intent_id: ID, correlation_id: "corr", status: "filled", quantity: "0.1", leverage: 5 },
  ]);
  expect(await client.flat("HMGET", `${keys.positionPlanPrefix}ETHUSDT`, "intent_id", "stop_loss")).toEqual([
    ID,
    "2970",
  ]);
  const stops = await desk.parts.exchange.openAlgoOrders("ETHUSDT");
  expect(stops.ok && stops.value.map(({ clientAlgoId }) => clientAlgoId)).toEqual([protectiveStopId(ID)]);
  expect(await desk.executed()).toHaveLength(1);
  expect(await inFlight()).toBeNull();
  expect(await client.command(["ZCARD", keys.openOrders])).toBe(0);
  expect(await client.command(["HEXISTS", ledgerKey(), "intent"])).toBe(0);
});

test("one that the venue never had is sent by nobody, ends INTENT_GONE, and its symbol is free", async () => {
  const before = (await desk.executed()).length;
  await leaveInDoubt("not_sent");
  await trim(desk.server.keys.intentStream);
  await lookUntil({}, settled);
  expect(await desk.results()).toMatchObject([{ intent_id: ID, status: "rejected", reason: "INTENT_GONE" }]);
  expect(await desk.executed()).toHaveLength(before);
  expect(await inFlight()).toBeNull();
  const next = await desk.publish(soundIntent());
  expect(await desk.handle(next)).toBe("done");
  expect(await desk.results()).toMatchObject([{}, { status: "filled" }]);
});

test("an exit has its result, too", async () => {
  await desk.handle(await desk.publish(soundIntent()));
  const close = { action: "CLOSE", reduce_only: true, quantity: null };
  await leaveInDoubt("executed", close, "exit");
  await trim(desk.server.keys.exitIntentStream);
  await lookUntil({}, async () => (await desk.results()).length === 2);
  expect((await desk.results())[1]).toMatchObject({ intent_id: ID, action: "CLOSE", status: "filled" });
});

test("of an order that the ledger has no intent of, the venue's word makes the result, and no later entry waits", async () => {
  const { client, keys } = desk.server;
  await leaveInDoubt("executed");
  await client.command(["HDEL", ledgerKey(), "intent"]);
  await trim(keys.intentStream);
  await lookUntil({}, settled);
  expect(await desk.results()).toMatchObject([
    { intent_id: ID, status: "filled", quantity: "0.1", client_order_id: clientOrderId(ID, 1) },
  ]);
  // Without a stop no plan is readable: the exit brain gives the position its default one.
  expect(await client.flat("HMGET", `${keys.positionPlanPrefix}ETHUSDT`, "stop_loss")).toEqual([""]);
  expect(await inFlight()).toBeNull();
});

test.each([
  ["its entry is still in the stream", async () => {}, {}],
  [
    "its owner, of another instance, beats",
    async () => {
      await trim(desk.server.keys.intentStream);
      await desk.server.client.command([
        "HSET",
        `${desk.server.keys.rolePrefix}execution:desk`,
        "boot_id",
        "boot",
      ]);
    },
    {},
  ],
  ["this process has it in work", () => trim(desk.server.keys.intentStream), { inHand: new Set([ID]) }],
])("an order is left alone while %s", async (_what, prepare, change) => {
  await leaveInDoubt("executed");
  await prepare();
  await lookUntil(change, (looks) => looks > 3);
  expect(await ledgerState()).toBe("SUBMITTING");
  expect(await desk.results()).toEqual([]);
});

test("an order that cannot be settled holds up no other", async () => {
  const { client, keys } = desk.server;
  await leaveInDoubt("executed");
  await trim(keys.intentStream);
  await client.command(["ZADD", keys.openOrders, "1", "broken", "2", "absent"]);
  await client.command([
    "HSET",
    `${keys.orderLedgerPrefix}broken`,
    "state",
    "SUBMITTING",
    "entry",
    `${keys.kill} 1-1`,
  ]);
  await lookUntil({}, settled);
  expect(await desk.results()).toMatchObject([{ intent_id: ID, status: "filled" }]);
});

test("a look that Redis did not answer to the end is made again, and not after half a minute only", async () => {
  const outage = new Error("down");
  await leaveInDoubt("executed");
  await trim(desk.server.keys.intentStream);
  const { redis } = desk.parts;
  let asked = 0;
  const command: typeof redis.command = (args) => {
    if (args[0] === "ZRANGE") asked += 1;
    return asked < 3 && args[0] === "XRANGE" ? Promise.reject(outage) : redis.command(args);
  };
  const change = { redis: { ...redis, command }, isRedisOutage: (error: unknown) => error === outage };
  await lookUntil({ ...change, clock: { ...desk.parts.clock, sleep: () => Bun.sleep(1) } }, settled);
  expect(await desk.results()).toMatchObject([{ intent_id: ID, status: "filled" }]);
});
