import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { clientOrderId } from "../../../lib/exchange/client-order-id.ts";
import { BRISK, type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({}, BRISK);
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.paper.clearFaults();
  await desk.emptyRedis();
});

/** Redis as it was before anything was written about the intent, the stream apart; a connection of just now. */
async function rollBack() {
  const { client, keys } = desk.server;
  const plan = `${keys.positionPlanPrefix}ETHUSDT`;
  for (const ledger of await client.flat("KEYS", `${keys.orderLedgerPrefix}*`))
    await client.command(["DEL", ledger]);
  await client.command(["DEL", keys.openOrders, keys.gateTrades, keys.gateInFlight, keys.resultStream, plan]);
  const sinceMs = client.serverNowMs() + 1;
  return { redisSinceMs: () => sinceMs };
}

const clientIds = async () => (await desk.executed()).map(({ clientOrderId }) => clientOrderId);

test("an entry that was executed before Redis forgot it is not executed again, and has its result and plan", async () => {
  const { client, keys } = desk.server;
  const before = await clientIds();
  const entry = await desk.publish(soundIntent());
  await desk.handle(entry);
  const executed = (await clientIds()).slice(before.length);
  expect(executed).toHaveLength(1);
  expect(await desk.withParts(await rollBack(), () => desk.handle(entry))).toBe("done");
  expect((await clientIds()).slice(before.length)).toEqual(executed);
  expect(await desk.results()).toMatchObject([{ status: "filled", client_order_id: executed[0] ?? "" }]);
  expect(await client.command(["EXISTS", `${keys.positionPlanPrefix}ETHUSDT`])).toBe(1);
});

test("of two that were executed the later one's plan stands, whichever is asked about last", async () => {
  const { client, keys } = desk.server;
  const rules = { ...desk.parts.rules, gates: "audit" as const };
  const [earlier, later] = [await desk.publish(soundIntent()), await desk.publish(soundIntent())];
  const readPlan = () => client.flat("HGETALL", `${keys.positionPlanPrefix}ETHUSDT`);
  const before = await desk.withParts({ rules }, async () => {
    await desk.handle(earlier);
    await desk.handle(later);
    return readPlan();
  });
  await desk.withParts({ rules, ...(await rollBack()) }, async () => {
    expect(await desk.handle(later)).toBe("done");
    expect(await desk.handle(earlier)).toBe("done");
  });
  expect(before).not.toEqual([]);
  expect(await readPlan()).toEqual(before);
});

test("also when its decision was published anew, and by whoever takes it over", async () => {
  const intent = soundIntent();
  await desk.handle(await desk.publish(intent));
  const executed = await clientIds();
  const forgetful = await rollBack();
  const entry = await desk.publish(intent);
  const exchange: typeof desk.parts.exchange = {
    ...desk.parts.exchange,
    fillsOf: () => Promise.reject(new Error("dies")),
  };
  expect(await desk.withParts({ ...forgetful, exchange }, () => desk.handle(entry))).toBe("later");
  expect(await desk.withParts({ owner: "desk:next" }, () => desk.handle(entry))).toBe("done");
  expect(await clientIds()).toEqual(executed);
  expect(await desk.results()).toMatchObject([{ status: "filled", client_order_id: executed.at(-1) ?? "" }]);
});

test("nor is a second attempt that Redis forgot, while it knows of the first", async () => {
  const intent = soundIntent({ intent_id: "twice" });
  const entry = await desk.publish(intent);
  const failing = () => Promise.reject(new Error("dies"));
  const exchange = { ...desk.parts.exchange, submitOrder: failing };
  expect(await desk.withParts({ exchange }, () => desk.handle(entry))).toBe("later");
  const order = { symbol: "ETHUSDT", side: "BUY", type: "MARKET", quantity: "0.1" };
  const id = clientOrderId("twice", 2);
  expect((await desk.paper.call("POST", "/fapi/v1/order", { ...order, newClientOrderId: id })).status).toBe(
    200,
  );
  const executed = await clientIds();
  const sinceMs = desk.server.client.serverNowMs() + 1;
  const later = { redisSinceMs: () => sinceMs, owner: "desk:next" };
  expect(await desk.withParts(later, () => desk.handle(entry))).toBe("done");
  expect(await clientIds()).toEqual(executed);
  expect(await desk.results()).toMatchObject([{ status: "filled", client_order_id: id }]);
});

test("nor is one whose decision was stamped ahead of our clock, and the venue is asked once", async () => {
  const intent = soundIntent({ ts_ms: Date.now() + 4000 });
  await desk.handle(await desk.publish(intent));
  const executed = await clientIds();
  await rollBack();
  const entry = await desk.publish(intent);
  const sinceMs = Number.parseInt(entry.id, 10) - 1;
  const { exchange } = desk.parts;
  let asked = 0;
  const queryOrder: typeof exchange.queryOrder = (...order) => {
    asked += 1;
    return exchange.queryOrder(...order);
  };
  const change = { redisSinceMs: () => sinceMs, exchange: { ...exchange, queryOrder } };
  expect(await desk.withParts(change, () => desk.handle(entry))).toBe("done");
  expect(asked).toBe(1);
  expect(await clientIds()).toEqual(executed);
});

test("nor is one that came from a primary whose clock was ahead of the new one's", async () => {
  const { client } = desk.server;
  const entry = await desk.publish(soundIntent());
  await desk.handle(entry);
  const executed = await clientIds();
  await rollBack();
  const serverNowMs = () => client.serverNowMs() - 3000;
  const sinceMs = serverNowMs();
  const behind = { redis: { ...client, serverNowMs, deadlineMs: 20_000 }, redisSinceMs: () => sinceMs };
  expect(await desk.withParts(behind, () => desk.handle(entry))).toBe("done");
  expect(await clientIds()).toEqual(executed);
});

test("an entry waits no longer than its receive window where Redis' clock was set back under the connection", async () => {
  const before = await clientIds();
  const entry = await desk.publish(soundIntent());
  const sinceMs = desk.server.client.serverNowMs() + 3_600_000;
  expect(await desk.withParts({ redisSinceMs: () => sinceMs }, () => desk.handle(entry))).toBe("done");
  expect((await clientIds()).slice(before.length)).toHaveLength(1);
}, 20_000);

test("nor one of which the second attempt was executed, although Redis forgot both", async () => {
  const before = await clientIds();
  const entry = await desk.publish(soundIntent({ intent_id: "forgotten-twice" }));
  await desk.paper.useFaults({
    rules: [
      { match: { method: "POST", path: "/fapi/v1/order" }, count: 1, effect: { kind: "lost_request" } },
    ],
  });
  expect(await desk.handle(entry)).toBe("done");
  const executed = (await clientIds()).slice(before.length);
  expect(executed).toEqual([clientOrderId("forgotten-twice", 2)]);
  expect(await desk.withParts(await rollBack(), () => desk.handle(entry))).toBe("done");
  expect((await clientIds()).slice(before.length)).toEqual(executed);
});

test("nor one that another process sent while ours was asked about it and Redis forgot", async () => {
  const { client } = desk.server;
  const before = await clientIds();
  const entry = await desk.publish(soundIntent());
  const executed: string[] = [];
  let redisSinceMs = Number.parseInt(entry.id, 10) - 1000;
  const { exchange } = desk.parts;
  const queryOrder: typeof exchange.queryOrder = async () => {
    const other = { exchange, owner: "desk:other", inHand: new Set<string>() };
    await desk.withParts(other, () => desk.handle(entry));
    executed.push(...(await clientIds()).slice(before.length));
    await rollBack();
    redisSinceMs = client.serverNowMs();
    return { kind: "absent" };
  };
  const change = { exchange: { ...exchange, queryOrder }, redisSinceMs: () => redisSinceMs };
  expect(await desk.withParts(change, () => desk.handle(entry))).toBe("later");
  expect(executed).toHaveLength(1);
  expect((await clientIds()).slice(before.length)).toEqual(executed);
});

test("an entry that the venue does not know is sent, once nothing of it can arrive any more", async () => {
  const before = await clientIds();
  const entry = await desk.publish(soundIntent());
  const asked: number[] = [];
  const { exchange } = desk.parts;
  const queryOrder: typeof exchange.queryOrder = (...order) => {
    asked.push(exchange.serverNowMs());
    return exchange.queryOrder(...order);
  };
  const forgetful = await rollBack();
  const change = { ...forgetful, exchange: { ...exchange, queryOrder } };
  expect(await desk.withParts(change, () => desk.handle(entry))).toBe("done");
  expect(asked.at(-1)).toBeGreaterThan(forgetful.redisSinceMs() + BRISK.recvWindowMs);
  expect(await clientIds()).toHaveLength(before.length + 1);
  expect(await desk.results()).toMatchObject([{ status: "filled" }]);
});

test("an entry of a symbol that the venue does not have is not asked about, and denied", async () => {
  const { exchange } = desk.parts;
  const queryOrder = () => Promise.reject(new Error("asked"));
  const entry = await desk.publish(soundIntent({ symbol: "NOSUCHUSDT" }));
  const change = { ...(await rollBack()), exchange: { ...exchange, queryOrder } };
  expect(await desk.withParts(change, () => desk.handle(entry))).toBe("done");
  expect(await desk.results()).toMatchObject([{ status: "denied" }]);
});

test("a CLOSE that was executed before Redis forgot it closes nothing that was opened after it", async () => {
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.setPrice("ETHUSDT", "3000");
  const trade = (side: string, quantity: string) =>
    desk.paper.call("POST", "/fapi/v1/order", { symbol: "ETHUSDT", side, type: "MARKET", quantity });
  await trade("BUY", "0.2");
  const close = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null });
  const entry = await desk.publish(close, "exit");
  await desk.handle(entry, "exit");
  expect((await desk.results()).at(-1)).toMatchObject({ status: "filled", quantity: "0.2" });
  const executed = (await clientIds()).at(-1);
  // The engine has turned round: what is open now is what it wanted.
  await trade("SELL", "0.3");
  const before = await clientIds();
  expect(await desk.withParts(await rollBack(), () => desk.handle(entry, "exit"))).toBe("done");
  expect(await clientIds()).toEqual(before);
  expect((await desk.results()).at(-1)).toMatchObject({ status: "filled", client_order_id: executed ?? "" });
});

test("an exit that Redis may have forgotten does not wait for a venue that does not say what became of it", async () => {
  await desk.paper.call("POST", "/fapi/v1/order", {
    symbol: "ETHUSDT",
    side: "BUY",
    type: "MARKET",
    quantity: 0.1,
  });
  const { exchange } = desk.parts;
  const queryOrder = () => new Promise<never>(() => undefined);
  const close = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null });
  const exit = await desk.publish(close, "exit");
  const change = { ...(await rollBack()), exchange: { ...exchange, queryOrder } };
  expect(await desk.withParts(change, () => desk.handle(exit, "exit"))).toBe("done");
  expect((await desk.results()).at(-1)).toMatchObject({ status: "filled" });
});

test("a second entry of an intent that is in work waits for the first, whose ledger may be forgotten", async () => {
  const before = await clientIds();
  const intent = soundIntent();
  const [first, second] = [await desk.publish(intent), await desk.publish(intent)];
  const venue = Promise.withResolvers<undefined>();
  const waiting = Promise.withResolvers<void>();
  const slow = {
    leverageStands: () => false,
    ensureLeverage: () => {
      waiting.resolve();
      return venue.promise;
    },
  };
  const handled = desk.withParts(slow, () => desk.handle(first));
  await waiting.promise;
  await rollBack();
  const again = desk.handle(second);
  venue.resolve(undefined);
  await handled;
  expect(await again).toBe("later");
  expect(await desk.handle(second)).toBe("done");
  expect((await clientIds()).slice(before.length)).toHaveLength(1);
});
