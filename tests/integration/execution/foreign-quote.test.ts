import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk();
});
afterAll(async () => await desk[Symbol.asyncDispose]());

test("an entry of a contract that is not priced in dollars is denied: its USD would be taken for coins", async () => {
  const { exchange } = desk.parts;
  const sent: string[] = [];
  const venue: Exchange = {
    ...exchange,
    rules: () => {
      const rules = exchange.rules("ETHUSDT");
      return rules && { ...rules, symbol: "ETHBTC", quoteAsset: "BTC", tickSize: "0.00001" };
    },
    submitOrder: (order) => {
      sent.push(`${order.quantity} ${order.symbol}`);
      throw new Error("not in a test");
    },
  };
  const prices = { entry_price: "0.05", stop_loss: "0.0495", take_profit: "0.0515" };
  const intent = soundIntent({ symbol: "ETHBTC", quantity: null, position_size_usd: "100", ...prices });
  const parts = {
    exchange: venue,
    markOf: () => ({ price: "0.05", ageMs: 0 }),
    ensureLeverage: async () => undefined,
    redisSinceMs: () => 0,
  };
  const entry = await desk.publish(intent);
  await desk.withParts(parts, () => desk.handle(entry));
  expect(sent).toEqual([]);
  expect((await desk.results()).at(-1)).toMatchObject({
    status: "denied",
    reason: "FILTERS: quoteAsset=BTC",
  });
});
