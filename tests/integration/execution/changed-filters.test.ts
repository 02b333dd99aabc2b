import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import type { Exchange } from "../../../lib/exchange/exchange.ts";
import type { SymbolRules } from "../../../lib/exchange/symbol-rules.ts";
import { type Desk, openDesk, soundIntent } from "../../support/execution-desk.ts";

let desk: Desk;
beforeAll(async () => {
  desk = await openDesk({ settings: { PAPER_BALANCE_USD: "100000000" } });
});
afterAll(async () => await desk[Symbol.asyncDispose]());
beforeEach(async () => {
  await desk.paper.admin("POST", "reset", {});
  await desk.paper.setPrice("ETHUSDT", "3000");
  await desk.emptyRedis();
});

/** A venue whose rules are as they were before it changed them, until they are read anew. */
function before(change: (rules: SymbolRules) => SymbolRules): Exchange {
  const { exchange } = desk.parts;
  let isRead = false;
  return {
    ...exchange,
    rules: (symbol) => {
      const rules = exchange.rules(symbol);
      return rules === undefined || isRead ? rules : change(rules);
    },
    refreshRules: async () => {
      const reading = await exchange.refreshRules();
      isRead = reading.ok;
      return reading;
    },
  };
}

const buy = (quantity: number) =>
  desk.paper.call("POST", "/fapi/v1/order", { symbol: "ETHUSDT", side: "BUY", type: "MARKET", quantity });

async function exit(exchange: Exchange, more: object = {}) {
  const intent = soundIntent({ action: "CLOSE", reduce_only: true, quantity: null, ...more });
  const entry = await desk.publish(intent, "exit");
  await desk.withParts({ exchange }, () => desk.handle(entry, "exit"));
  return (await desk.results()).at(-1);
}

test("an exit is sized by the largest market order that the venue has lowered", async () => {
  await buy(2000);
  await buy(1000);
  const old = before((rules) => ({ ...rules, marketLot: { ...rules.marketLot, max: "5000" } }));
  expect(await exit(old)).toMatchObject({ status: "partial", quantity: "2000" });
  expect(await desk.position()).toBe(1000);
});

test("an exit is sized by the step that the venue has made coarser", async () => {
  await buy(1);
  const step = "0.0001";
  const old = before(({ lot, marketLot, ...rules }) => ({
    ...{ ...rules, lot: { ...lot, step }, marketLot: { ...marketLot, step } },
  }));
  const result = await exit(old, { action: "SELL", quantity: "0.1234" });
  expect(result).toMatchObject({ status: "filled", quantity: "0.123" });
  expect(await desk.position()).toBeCloseTo(0.877, 9);
});

test("a size that the venue refuses by the rules that it says is refused, after they were read anew once", async () => {
  await buy(1);
  const { exchange } = desk.parts;
  let read = 0;
  const refreshRules = () => {
    read += 1;
    return exchange.refreshRules();
  };
  await desk.paper.admin("POST", "faults", {
    rules: [
      { match: { method: "POST", path: "/fapi/v1/order" }, count: 9, effect: { kind: "error", code: -4005 } },
    ],
  });
  const result = await exit({ ...exchange, refreshRules });
  await desk.paper.clearFaults();
  expect(result?.reason).toStartWith("VENUE_REJECTED: -4005");
  expect(read).toBe(1);
});
