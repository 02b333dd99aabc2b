import { expect, test } from "bun:test";
import Big from "big.js";
import fc from "fast-check";
import { setHedgeMode } from "../../../lib/paper/engine/account-settings.ts";
import { cancelAllAlgos, cancelAllOrders } from "../../../lib/paper/engine/cancel-order.ts";
import { isOpen, remainingOf } from "../../../lib/paper/engine/venue-order.ts";
import type { VenueState } from "../../../lib/paper/engine/venue-state.ts";
import { openTestVenue, type TestVenue } from "./test-venue.ts";

const RUNS = { numRuns: 150 } as const;
const FEES = { PAPER_TAKER_FEE_PCT: "0.04", PAPER_MAKER_FEE_PCT: "0.02", PAPER_BALANCE_USD: "20000" };

const side = fc.constantFrom("BUY" as const, "SELL" as const);
const leg = fc.constantFrom("LONG", "SHORT");
const quantity = fc.integer({ min: 2, max: 400 }).map((lots) => new Big(lots).times("0.001").toFixed());
/** Within the percent filter of a market that stays near 60 000. */
const price = fc.integer({ min: 590_000, max: 610_000 }).map((ticks) => new Big(ticks).div(10).toFixed(1));
const timeInForce = fc.constantFrom("GTC", "IOC", "FOK", "GTX");

const step = fc.oneof(
  fc.record({ kind: fc.constant("market" as const), side, leg, quantity, reduceOnly: fc.boolean() }),
  fc.record({
    kind: fc.constant("limit" as const),
    ...{ side, leg, quantity, price, timeInForce },
    reduceOnly: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("algo" as const),
    ...{ side, leg, quantity },
    triggerPrice: price,
    type: fc.constantFrom("STOP_MARKET", "TAKE_PROFIT_MARKET"),
    closes: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("price" as const), price, depth: quantity }),
  fc.record({ kind: fc.constant("cancel" as const) }),
  fc.record({ kind: fc.constant("pass" as const), hours: fc.integer({ min: 1, max: 9 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function take(venue: TestVenue, one: Step, hedge: boolean): void {
  const positionSide = (wanted: string) => (hedge ? { positionSide: wanted } : {});
  const reduce = (wanted: boolean) => (wanted && !hedge ? { reduceOnly: "true" } : {});
  switch (one.kind) {
    case "market": {
      const order = { side: one.side, type: "MARKET", quantity: one.quantity };
      venue.order({ ...order, ...positionSide(one.leg), ...reduce(one.reduceOnly) });
      return;
    }
    case "limit": {
      const { quantity: qty, price: at, timeInForce: tif } = one;
      const order = { side: one.side, type: "LIMIT", quantity: qty, price: at, timeInForce: tif };
      venue.order({ ...order, ...positionSide(one.leg), ...reduce(one.reduceOnly) });
      return;
    }
    case "algo": {
      const size: Record<string, string> = one.closes
        ? { closePosition: "true" }
        : { quantity: one.quantity };
      const { triggerPrice, type } = one;
      venue.algo({ side: one.side, type, triggerPrice, ...size, ...positionSide(one.leg) });
      return;
    }
    case "price":
      venue.price(one.price, { bidQty: one.depth, askQty: one.depth });
      return;
    case "cancel":
      cancelAllOrders(venue.state, venue.symbol(), venue.nowMs);
      cancelAllAlgos(venue.state, venue.symbol(), venue.nowMs);
      return;
    case "pass":
      venue.pass(one.hours * 3_600_000);
      return;
  }
}

function open(hedge: boolean): TestVenue {
  const venue = openTestVenue(FEES);
  if (hedge) setHedgeMode(venue.state, true);
  return venue;
}

const sum = (values: readonly Big[]) => values.reduce((total, value) => total.plus(value), new Big(0));

function signedFills(state: VenueState, positionSide: string): Big {
  const fills = state.symbols.get("BTCUSDT")?.fills ?? [];
  return sum(
    fills
      .filter((fill) => fill.positionSide === positionSide)
      .map((fill) => (fill.side === "BUY" ? fill.qty : fill.qty.times(-1))),
  );
}

test.each([false, true])("fills add up to positions, orders and the wallet (hedge mode %p)", (hedge) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const venue = open(hedge);
      const { state } = venue;
      for (const one of steps) {
        take(venue, one, hedge);
        const { fills, legs } = venue.symbol();
        for (const position of Object.values(legs)) {
          expect(position.amount.toFixed()).toBe(signedFills(state, position.side).toFixed());
        }
        const income = sum(state.incomes.map((row) => row.income));
        expect(state.wallet.toFixed()).toBe(state.terms.startBalanceUsd.plus(income).toFixed());
        const executed = sum([...state.ordersById.values()].map((order) => order.executedQty));
        expect(executed.toFixed()).toBe(sum(fills.map((fill) => fill.qty)).toFixed());
      }
    }),
    RUNS,
  );
});

test.each([false, true])("the books of open orders agree with the orders (hedge mode %p)", (hedge) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const venue = open(hedge);
      const { state } = venue;
      for (const one of steps) {
        take(venue, one, hedge);
        const { bids, asks, restingNotional } = venue.symbol();
        const openOrders = [...state.ordersById.values()].filter(isOpen);
        expect(new Set([...bids, ...asks])).toEqual(new Set(openOrders));
        expect(new Set(state.openByClientId.values())).toEqual(new Set(openOrders));
        expect(state.heldMargin.toFixed()).toBe(sum(openOrders.map((order) => order.heldMargin)).toFixed());
        const resting = sum([...bids, ...asks].map((order) => order.price.times(remainingOf(order))));
        expect(restingNotional.BUY.plus(restingNotional.SELL).toFixed()).toBe(resting.toFixed());
        expect(bids.every((order, at) => at === 0 || order.price.lte(bids[at - 1]?.price ?? 0))).toBe(true);
        expect(asks.every((order, at) => at === 0 || order.price.gte(asks[at - 1]?.price ?? 0))).toBe(true);
      }
    }),
    RUNS,
  );
});

test.each([false, true])("flattening never enlarges a leg and ends flat (hedge mode %p)", (hedge) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const venue = open(hedge);
      for (const one of steps) take(venue, one, hedge);
      cancelAllOrders(venue.state, venue.symbol(), venue.nowMs);
      venue.price("60000", { bidQty: "1000", askQty: "1000" });
      for (const position of [...venue.state.openLegs]) {
        const before = position.amount.abs();
        const closing = { side: position.amount.gt(0) ? "SELL" : "BUY", type: "MARKET" };
        // Twice the size: reduce-only must cut it, a hedge close must refuse it.
        const order = { ...closing, quantity: before.times(2).toFixed() };
        venue.order(hedge ? { ...order, positionSide: position.side } : { ...order, reduceOnly: "true" });
        expect(position.amount.abs().lte(before)).toBe(true);
        if (hedge) venue.order({ ...closing, quantity: before.toFixed(), positionSide: position.side });
        expect(position.amount.toFixed()).toBe("0");
        expect(position.cost.toFixed()).toBe("0");
      }
    }),
    RUNS,
  );
});

test("once flat, realised profit is exactly the money that changed hands", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const venue = open(false);
      for (const one of steps) take(venue, one, false);
      cancelAllOrders(venue.state, venue.symbol(), venue.nowMs);
      venue.price("60000", { bidQty: "1000", askQty: "1000" });
      const { amount } = venue.symbol().legs.BOTH;
      const closing = { side: amount.gt(0) ? "SELL" : "BUY", type: "MARKET", reduceOnly: "true" };
      if (!amount.eq(0)) venue.order({ ...closing, quantity: amount.abs().toFixed() });
      const { fills } = venue.symbol();
      const money = sum(fills.map((fill) => fill.price.times(fill.qty).times(fill.side === "SELL" ? 1 : -1)));
      expect(sum(fills.map((fill) => fill.realisedPnl)).toFixed()).toBe(money.toFixed());
    }),
    RUNS,
  );
});

test("the same commands at the same times give the same venue", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const [one, other] = [open(false), open(false)];
      for (const venue of [one, other]) for (const each of steps) take(venue, each, false);
      expect(JSON.stringify(one.events())).toBe(JSON.stringify(other.events()));
    }),
    { numRuns: 40 },
  );
});
