import { expect, test } from "bun:test";
import { setHedgeMode } from "../../../lib/paper/engine/account-settings.ts";
import { cancelAllOrders } from "../../../lib/paper/engine/cancel-order.ts";
import { accepted, BUY, limit, openTestVenue, outcomeOf, SELL } from "./test-venue.ts";

const STOP = { side: "SELL", type: "STOP_MARKET", triggerPrice: "59000" };

/** One-way mode, long 0.5 BTC bought at 60000.1. */
function longVenue() {
  const venue = openTestVenue();
  accepted(venue.order({ ...BUY, quantity: "0.5" }));
  venue.events();
  return venue;
}

test.each([
  ["SELL", "STOP_MARKET", "59000", "59000.1"],
  ["BUY", "STOP_MARKET", "61000", "60999.9"],
  ["SELL", "TAKE_PROFIT_MARKET", "61000", "60999.9"],
  ["BUY", "TAKE_PROFIT_MARKET", "59000", "59000.1"],
])("a %s %s at %s still waits at %s", (side, type, triggerPrice, before) => {
  const venue = openTestVenue();
  const algo = accepted(venue.algo({ side, type, triggerPrice, quantity: "0.1" }));
  venue.price(before);
  expect(algo.status).toBe("NEW");
  venue.price(triggerPrice);
  expect(algo.status).toBe("FINISHED");
  expect(venue.state.ordersById.get(algo.actualOrderId)?.status).toBe("FILLED");
});

test.each([
  ["SELL", "STOP_MARKET", "60001"],
  ["BUY", "STOP_MARKET", "59999"],
  ["SELL", "TAKE_PROFIT_MARKET", "59999"],
  ["BUY", "TAKE_PROFIT_MARKET", "60001"],
])("a %s %s at %s would trigger at once: -2021", (side, type, triggerPrice) => {
  expect(outcomeOf(openTestVenue().algo({ side, type, triggerPrice, quantity: "0.1" }))).toBe(-2021);
});

test("STOP becomes a limit order at its price", () => {
  const venue = longVenue();
  const stop = { side: "SELL", type: "STOP", triggerPrice: "59000", price: "58900", quantity: "0.5" };
  const algo = accepted(venue.algo({ ...stop, reduceOnly: "true" }));
  venue.price("58800");
  const order = venue.state.ordersById.get(algo.actualOrderId);
  expect([order?.type, order?.origType, order?.status, algo.status]).toEqual([
    "LIMIT",
    "STOP",
    "NEW",
    "TRIGGERED",
  ]);
  venue.price("58900");
  expect([order?.status, algo.status]).toEqual(["FILLED", "FINISHED"]);
});

test("closePosition closes all there is when it fires", () => {
  const venue = longVenue();
  accepted(venue.order({ ...BUY, quantity: "0.25" }));
  const algo = accepted(venue.algo({ ...STOP, closePosition: "true" }));
  venue.price("59000");
  expect(venue.state.ordersById.get(algo.actualOrderId)?.executedQty.toFixed()).toBe("0.75");
  expect(venue.state.openLegs.size).toBe(0);
});

test("closePosition splits a position that is larger than the largest market order", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "900000000", PAPER_LEVEL_USD: "900000000" });
  for (let count = 0; count < 2; count += 1) accepted(venue.order({ ...BUY, quantity: "120" }));
  accepted(venue.order({ ...BUY, quantity: "10" }));
  accepted(venue.algo({ ...STOP, closePosition: "true" }));
  venue.price("59000", { bidQty: "1000" });
  expect(venue.state.openLegs.size).toBe(0);
  const closes = [...venue.state.ordersById.values()].filter((order) => order.side === "SELL");
  expect(closes.map((order) => order.origQty.toFixed())).toEqual(["120", "120", "10"]);
});

test("closePosition without a position ends as EXPIRED and orders nothing", () => {
  const venue = openTestVenue();
  const algo = accepted(venue.algo({ ...STOP, closePosition: "true" }));
  venue.price("59000");
  expect(algo.status).toBe("EXPIRED");
  expect(venue.state.ordersById.size).toBe(0);
});

test("a reduce-only stop that fires without a position is REJECTED, and the user stream says so", () => {
  const venue = openTestVenue();
  const algo = accepted(venue.algo({ ...STOP, quantity: "0.1", reduceOnly: "true" }));
  venue.events();
  venue.price("59000");
  expect(algo.status).toBe("REJECTED");
  expect(venue.events().map((event) => event.e)).toEqual([
    "ALGO_UPDATE",
    "ALGO_UPDATE",
    "CONDITIONAL_ORDER_TRIGGER_REJECT",
  ]);
});

test.each([
  ["closePosition with a quantity", { ...STOP, closePosition: "true", quantity: "0.1" }, -4137],
  ["closePosition with reduceOnly", { ...STOP, closePosition: "true", reduceOnly: "true" }, -1106],
  ["closePosition on a limit stop", { ...STOP, type: "STOP", price: "1", closePosition: "true" }, -4136],
  ["no quantity", STOP, -1102],
  ["no trigger", { side: "SELL", type: "STOP_MARKET", quantity: "0.1" }, -1102],
  ["a limit stop without a price", { ...STOP, type: "STOP", quantity: "0.1" }, -1102],
  ["a market stop with a price", { ...STOP, quantity: "0.1", price: "59000" }, -1106],
  ["a trigger between ticks", { ...STOP, quantity: "0.1", triggerPrice: "59000.05" }, -4014],
  ["a lot that is too large", { ...STOP, quantity: "121" }, -4005],
  ["a plain type", { ...STOP, type: "MARKET", quantity: "0.1" }, -1116],
  ["another algo type", { ...STOP, quantity: "0.1", algoType: "VP" }, -1130],
  ["a callback on a stop", { ...STOP, quantity: "0.1", callbackRate: "1" }, -1106],
  ["a position side in one-way mode", { ...STOP, quantity: "0.1", positionSide: "LONG" }, -4061],
])("a conditional order with %s is refused", (_, params, code) => {
  expect(outcomeOf(openTestVenue().algo(params))).toBe(code);
});

test("a second closePosition of the same kind and direction is refused; a target beside a stop is not", () => {
  const venue = longVenue();
  accepted(venue.algo({ ...STOP, closePosition: "true" }));
  expect(outcomeOf(venue.algo({ ...STOP, triggerPrice: "58000", closePosition: "true" }))).toBe(-4130);
  const target = { side: "SELL", type: "TAKE_PROFIT_MARKET", triggerPrice: "61000", closePosition: "true" };
  expect(outcomeOf(venue.algo(target))).toBe("NEW");
});

test("waiting conditional orders hold no position size", () => {
  const venue = longVenue();
  accepted(venue.algo({ ...STOP, closePosition: "true" }));
  accepted(venue.algo({ ...STOP, quantity: "0.5", reduceOnly: "true" }));
  expect(outcomeOf(venue.order({ ...SELL, quantity: "0.5", reduceOnly: "true" }))).toBe("FILLED");
});

test("cancelling plain orders leaves conditional ones alone, and a flat position does too", () => {
  const venue = longVenue();
  const algo = accepted(venue.algo({ ...STOP, closePosition: "true" }));
  cancelAllOrders(venue.state, venue.symbol(), venue.nowMs);
  accepted(venue.order({ ...SELL, quantity: "0.5", reduceOnly: "true" }));
  expect(algo.status).toBe("NEW");
});

test("a GTE_GTC conditional order ends with its position", () => {
  const venue = longVenue();
  const algo = accepted(venue.algo({ ...STOP, closePosition: "true", timeInForce: "GTE_GTC" }));
  accepted(venue.order({ ...SELL, quantity: "0.5", reduceOnly: "true" }));
  expect(algo.status).toBe("EXPIRED");
});

test.each([
  ["CONTRACT_PRICE", "58000", "61000", "FINISHED"],
  ["CONTRACT_PRICE", "61000", "58000", "NEW"],
  ["MARK_PRICE", "58000", "61000", "NEW"],
  ["MARK_PRICE", "61000", "58000", "FINISHED"],
] as const)(
  "a stop by %s with the last trade at %s and the mark at %s is %s",
  (workingType, last, mark, status) => {
    const venue = openTestVenue();
    const algo = accepted(venue.algo({ ...STOP, quantity: "0.1", workingType }));
    venue.price(last, { mark });
    expect(algo.status).toBe(status);
  },
);

test.each([
  ["SELL", "61000 62000 61500", "61380.1", "61380"],
  ["BUY", "59000 58000 58500", "58579.9", "58580"],
])(
  "a trailing %s follows the best of %s at 1 percent: it waits at %s and fires at %s",
  (side, path, before, at) => {
    const venue = openTestVenue();
    const trailing = { type: "TRAILING_STOP_MARKET", callbackRate: "1", quantity: "0.1" };
    const algo = accepted(venue.algo({ ...trailing, side }));
    for (const price of [...path.split(" "), before]) venue.price(price);
    expect([algo.status, algo.triggerPrice?.toFixed()]).toEqual(["NEW", at]);
    venue.price(at);
    expect(algo.status).toBe("FINISHED");
  },
);

test("a trailing order sleeps until its activation price", () => {
  const venue = openTestVenue();
  const trailing = { type: "TRAILING_STOP_MARKET", callbackRate: "1", quantity: "0.1", side: "SELL" };
  const algo = accepted(venue.algo({ ...trailing, activatePrice: "62000" }));
  for (const price of ["61000", "60000"]) venue.price(price);
  expect(algo.triggerPrice).toBeUndefined();
  venue.price("62000");
  expect(algo.triggerPrice?.toFixed()).toBe("61380");
});

test.each([
  ["SELL", "59000"],
  ["BUY", "61000"],
])("a trailing %s whose activation at %s has passed is refused with -2021", (side, activatePrice) => {
  const trailing = { type: "TRAILING_STOP_MARKET", callbackRate: "1", quantity: "0.1", side };
  expect(outcomeOf(openTestVenue().algo({ ...trailing, activatePrice }))).toBe(-2021);
});

test("a trailing order without an activation price follows from where the market is when it is placed", () => {
  const venue = openTestVenue();
  const trailing = { type: "TRAILING_STOP_MARKET", callbackRate: "1", quantity: "0.1", side: "SELL" };
  const algo = accepted(venue.algo(trailing));
  expect(algo.triggerPrice?.toFixed()).toBe("59400");
});

test.each(["0", "0.05", "10.1"])("a callback rate of %s is refused", (callbackRate) => {
  const trailing = { type: "TRAILING_STOP_MARKET", quantity: "0.1", side: "SELL", callbackRate };
  expect(outcomeOf(openTestVenue().algo(trailing))).toBe(-4186);
});

test("in hedge mode a stop closes its own side", () => {
  const venue = openTestVenue();
  setHedgeMode(venue.state, true);
  accepted(venue.order({ ...BUY, positionSide: "LONG", quantity: "0.3" }));
  accepted(venue.order({ ...SELL, positionSide: "SHORT", quantity: "0.2" }));
  accepted(venue.algo({ ...STOP, positionSide: "LONG", closePosition: "true" }));
  venue.price("59000");
  const { LONG, SHORT } = venue.symbol().legs;
  expect([LONG.amount.toFixed(), SHORT.amount.toFixed()]).toEqual(["0", "-0.2"]);
});

test("in hedge mode a closePosition order that would open is refused", () => {
  const venue = openTestVenue();
  setHedgeMode(venue.state, true);
  expect(outcomeOf(venue.algo({ ...STOP, positionSide: "SHORT", closePosition: "true" }))).toBe(-2022);
});

test("a client algo id is taken while it waits", () => {
  const venue = openTestVenue();
  const named = { ...STOP, quantity: "0.1", clientAlgoId: "stop-1" };
  accepted(venue.algo(named));
  expect(outcomeOf(venue.algo(named))).toBe(-4116);
});

test("at most a hundred conditional orders wait on a symbol", () => {
  const venue = openTestVenue();
  for (let count = 0; count < 100; count += 1) accepted(venue.algo({ ...STOP, quantity: "0.1" }));
  expect(outcomeOf(venue.algo({ ...STOP, quantity: "0.1" }))).toBe(-4045);
  expect(outcomeOf(venue.order(limit("BUY", "0.1", "59000")))).toBe("NEW");
});
