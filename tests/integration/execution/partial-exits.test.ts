import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import type { ExecutionParts } from "../../../lib/execution/execution-parts.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

/** An exit of a part that is executed twice closes more than was asked. */
let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.clearFaults();
  await desk.paper.setPrice("ETHUSDT", "3000");
  await desk.emptyRedis();
  const order = { symbol: "ETHUSDT", side: "BUY", type: "MARKET", quantity: "0.5" };
  expect((await desk.paper.call("POST", "/fapi/v1/order", order)).status).toBe(200);
});

const part = (change: object = {}) =>
  soundIntent({ action: "SELL", reduce_only: true, quantity: "0.1", ...change });
/** Execution's own, but that a question of 300 ms at most has as long as a busy machine takes to answer it. */
const patientClock = (): ExecutionParts["clock"] => {
  const { clock } = desk.parts;
  return { ...clock, sleep: (ms, signal) => clock.sleep(ms === 300 ? 20_000 : ms, signal) };
};
const handle = async (intent: object, change: Partial<ExecutionParts> = {}) => {
  const entry = await desk.publish(intent, "exit");
  const parts = { clock: patientClock(), ...change };
  expect(await desk.withParts(parts, () => desk.handle(entry, "exit"))).toBe("done");
};
/** Redis without anything that it knew; a connection of just now. */
async function emptied() {
  await desk.emptyRedis();
  const sinceMs = desk.parts.redis.serverNowMs() + 1;
  return { redisSinceMs: () => sinceMs };
}

test.each([
  ["of a quantity", {}],
  ["in USD", { quantity: null, position_size_usd: "300" }],
])("%s is not executed again after Redis forgot it, and has its result", async (_name, change) => {
  const intent = part(change);
  await handle(intent);
  expect(await desk.position()).toBe(0.4);
  const [before] = await desk.results();
  await handle(intent, await emptied());
  expect(await desk.position()).toBe(0.4);
  expect(await desk.results()).toMatchObject([
    { status: "filled", quantity: "0.1", client_order_id: before?.client_order_id ?? "" },
  ]);
});

test("is sent all the same where the venue does not say whether it has it", async () => {
  const { exchange } = desk.parts;
  const silent = { ...exchange, queryOrder: () => new Promise<never>(() => {}) };
  await handle(part(), { ...(await emptied()), exchange: silent, clock: desk.parts.clock });
  expect(await desk.results()).toMatchObject([{ status: "filled" }]);
  expect(await desk.position()).toBe(0.4);
});

test.each([
  ["by a limit", { kind: "limited", status: 429, retryAfterSec: 1 }],
  ["for an overload", { kind: "error", code: -1008 }],
])(
  "of which a copy was refused %s is not executed again",
  async (_name, effect) => {
    const { exchange } = desk.parts;
    let sent = 0;
    const submitOrder: Exchange["submitOrder"] = async (...order) => {
      sent += 1;
      const outcome = await exchange.submitOrder(...order);
      if (sent > 1) return outcome;
      const match = { method: "POST", path: "/fapi/v1/order" };
      await desk.paper.admin("POST", "faults", { rules: [{ match, count: 1, effect }] });
      return exchange.submitOrder(...order);
    };
    await handle(part(), { exchange: { ...exchange, submitOrder } });
    expect(await desk.position()).toBe(0.4);
    expect(await desk.results()).toMatchObject([{ status: "filled", quantity: "0.1" }]);
    expect(sent).toBe(1);
  },
  20_000,
);
