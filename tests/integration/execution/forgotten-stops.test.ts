import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { ExecutionParts } from "../../../lib/execution/execution-parts.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

/** A long, and a later short that took its place; both are handed out again. */
let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ settings: { PAPER_BALANCE_USD: "1000000" } });
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.clearFaults();
  await desk.paper.setPrice("ETHUSDT", "3000");
  await desk.emptyRedis();
});

const long = () => soundIntent({ ts_ms: Date.now() - 2000 });
const short = (change: object = {}) =>
  soundIntent({ action: "SELL", stop_loss: "3030", take_profit: "2910", ...change });

async function restingSides(): Promise<readonly string[]> {
  const resting = await desk.parts.exchange.openAlgoOrders("ETHUSDT");
  if (!resting.ok) throw new Error(resting.outcome.message);
  return resting.value.map(({ side, triggerPrice }) => `${side} ${Number(triggerPrice)}`);
}
const planSide = () =>
  desk.server.client.command(["HGET", `${desk.parts.keys.positionPlanPrefix}ETHUSDT`, "side"]);

test.each(["long first", "short first", "both at once"] as const)(
  "a position that is gone gets no stop when Redis forgot it, %s",
  async (order) => {
    const [earlier, later] = [long(), short()];
    await desk.handle(await desk.publish(earlier));
    await desk.paper.call("POST", "/fapi/v1/order", {
      ...{ symbol: "ETHUSDT", side: "SELL", type: "MARKET", quantity: "0.1" },
    });
    await desk.paper.call("DELETE", "/fapi/v1/algoOpenOrders", { symbol: "ETHUSDT" });
    await desk.handle(await desk.publish(later));
    expect(await restingSides()).toEqual(["BUY 3030"]);
    await desk.emptyRedis();
    const sinceMs = desk.parts.redis.serverNowMs();
    await desk.withParts({ redisSinceMs: () => sinceMs }, async () => {
      const [first, second] = [await desk.publish(earlier), await desk.publish(later)];
      if (order === "both at once") return Promise.all([desk.handle(first), desk.handle(second)]);
      const inTurn = order === "long first" ? [first, second] : [second, first];
      for (const entry of inTurn) await desk.handle(entry);
      return [];
    });
    expect(await restingSides()).toEqual(["BUY 3030"]);
    expect(await planSide()).toBe("SHORT");
    expect((await desk.results()).map(({ status }) => status)).toEqual(["filled", "filled"]);
  },
  20_000,
);

test("an entry whose reply was lost leaves the stop of a later one as it is", async () => {
  const { exchange, rules } = desk.parts;
  const sent = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const change: Partial<ExecutionParts> = {
    rules: { ...rules, gates: "audit" },
    exchange: {
      ...exchange,
      submitOrder: async (...order) => {
        const outcome = await exchange.submitOrder(...order);
        if (outcome.phase !== "accepted" || outcome.order.side !== "BUY") return outcome;
        sent.resolve();
        return { ...outcome, order: { ...outcome.order, status: "NEW" } };
      },
      queryOrder: async (...order) => {
        await asked.promise;
        return exchange.queryOrder(...order);
      },
    },
  };
  await desk.withParts(change, async () => {
    const earlier = desk.handle(await desk.publish(soundIntent({ stop_loss: "2970" })));
    await sent.promise;
    const adding = soundIntent({ stop_loss: "2960", take_profit: "3120", quantity: "0.2" });
    const { exchange: unchanged } = desk.parts;
    await desk.withParts({ rules: { ...rules, gates: "audit" }, exchange: unchanged }, async () =>
      desk.handle(await desk.publish(adding)),
    );
    expect(await restingSides()).toEqual(["SELL 2960"]);
    asked.resolve();
    await earlier;
  });
  expect(await restingSides()).toEqual(["SELL 2960"]);
  expect((await desk.results()).map(({ status }) => status)).toEqual(["filled", "filled"]);
}, 20_000);
