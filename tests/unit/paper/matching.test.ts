import { expect, test } from "bun:test";
import { accepted, BUY, limit, openTestVenue, outcomeOf, SELL } from "./test-venue.ts";

test("a market order fills at the other side's best price", () => {
  const venue = openTestVenue();
  const bought = accepted(venue.order({ ...BUY, quantity: "0.5" }));
  const sold = accepted(venue.order({ ...SELL, quantity: "0.5" }));
  expect([bought.status, bought.cumQuote.toFixed()]).toEqual(["FILLED", "30000.05"]);
  expect([sold.status, sold.cumQuote.toFixed()]).toEqual(["FILLED", "30000"]);
});

test("a market order walks the book level by level", () => {
  const venue = openTestVenue({ PAPER_LEVEL_STEP_BPS: "1", PAPER_LEVEL_USD: "60000" });
  venue.price("60000", { askQty: "1" });
  accepted(venue.order({ ...BUY, quantity: "2.5" }));
  const fills = venue.symbol().fills.map((fill) => [fill.price.toFixed(), fill.qty.toFixed()]);
  expect(fills).toEqual([
    ["60000.1", "1"],
    ["60006.1", "0.999"],
    ["60012.1", "0.501"],
  ]);
});

test("a market order larger than the whole book is filled in part and expires", () => {
  const venue = openTestVenue({ PAPER_BOOK_LEVELS: 1 });
  venue.price("60000", { askQty: "0.3" });
  const order = accepted(venue.order({ ...BUY, quantity: "1" }));
  expect([order.status, order.executedQty.toFixed()]).toEqual(["EXPIRED", "0.3"]);
  expect(venue.symbol().legs.BOTH.amount.toFixed()).toBe("0.3");
  expect(venue.state.heldMargin.toFixed()).toBe("0");
});

test.each([
  ["BUY", "60012.2"],
  ["SELL", "59988"],
] as const)("slippage makes a %s fill dearer by its basis points, rounded up to a tick", (side, price) => {
  const venue = openTestVenue({ PAPER_SLIPPAGE_BPS: "2" });
  accepted(venue.order({ side, type: "MARKET", quantity: "0.1" }));
  expect(venue.symbol().fills[0]?.price.toFixed()).toBe(price);
});

test("slippage never breaks a limit", () => {
  const venue = openTestVenue({ PAPER_SLIPPAGE_BPS: "2" });
  accepted(venue.order(limit("BUY", "0.1", "60001")));
  expect(venue.symbol().fills[0]?.price.toFixed()).toBe("60001");
});

test.each([
  ["GTC", "60000.1", "FILLED"],
  ["GTC", "59000", "NEW"],
  ["IOC", "59000", "EXPIRED"],
  ["IOC", "60000.1", "FILLED"],
  ["FOK", "59000", -5021],
  ["FOK", "60000.1", "FILLED"],
  ["GTX", "60000.1", -5022],
  ["GTX", "60000", "NEW"],
])("a %s buy at %s while the ask is 60000.1: %s", (timeInForce, price, outcome) => {
  const venue = openTestVenue();
  expect(outcomeOf(venue.order({ ...limit("BUY", "0.1", price), timeInForce }))).toBe(outcome);
});

test("an IOC takes what is there and gives up the rest", () => {
  const venue = openTestVenue();
  venue.price("60000", { askQty: "0.04" });
  const order = accepted(venue.order({ ...limit("BUY", "0.1", "60000.1"), timeInForce: "IOC" }));
  expect([order.status, order.executedQty.toFixed()]).toEqual(["EXPIRED", "0.04"]);
});

test("a FOK that the depth does not carry leaves no trace", () => {
  const venue = openTestVenue();
  venue.price("60000", { askQty: "0.04" });
  const order = venue.order({ ...limit("BUY", "0.1", "60000.1"), timeInForce: "FOK" });
  expect(outcomeOf(order)).toBe(-5021);
  expect(venue.state.ordersById.size).toBe(0);
});

test("a resting order fills at its own price, as a maker, when the market comes to it", () => {
  const venue = openTestVenue({ PAPER_MAKER_FEE_PCT: "0.02", PAPER_TAKER_FEE_PCT: "0.04" });
  const order = accepted(venue.order(limit("BUY", "0.1", "59000")));
  venue.price("58999.9");
  expect(order.status).toBe("FILLED");
  const fill = venue.symbol().fills[0];
  expect([fill?.price.toFixed(), fill?.maker, fill?.commission.toFixed()]).toEqual(["59000", true, "1.18"]);
});

test("a resting order is filled in parts as the depth allows", () => {
  const venue = openTestVenue();
  const order = accepted(venue.order(limit("BUY", "0.1", "59000")));
  venue.price("58990", { askQty: "0.04" });
  expect([order.status, order.executedQty.toFixed()]).toEqual(["PARTIALLY_FILLED", "0.04"]);
  venue.price("58990", { askQty: "0.06" });
  expect(order.status).toBe("FILLED");
});

test("better prices fill first, and the older order first at the same price", () => {
  const venue = openTestVenue();
  const names = ["second", "third", "first"];
  const prices = ["59000", "59000", "59500"];
  for (const [index, name] of names.entries()) {
    accepted(venue.order({ ...limit("BUY", "0.1", prices[index] ?? ""), newClientOrderId: name }));
  }
  venue.price("58000", { askQty: "0.25" });
  const filled = venue.symbol().fills.map((fill) => venue.state.ordersById.get(fill.orderId)?.clientOrderId);
  expect(filled).toEqual(["first", "second", "third"]);
  expect(venue.symbol().bids.map((order) => order.status)).toEqual(["PARTIALLY_FILLED"]);
});

test("a GTD order expires at its time", () => {
  const venue = openTestVenue();
  const goodTillDate = String(venue.nowMs + 700_000);
  const order = accepted(venue.order({ ...limit("BUY", "0.1", "59000"), timeInForce: "GTD", goodTillDate }));
  venue.pass(699_999);
  expect(order.status).toBe("NEW");
  venue.pass(1);
  expect(order.status).toBe("EXPIRED");
});

test("a market too far from the mark price takes no market orders", () => {
  const venue = openTestVenue({ PAPER_SPREAD_BPS: "1100" });
  venue.price("60000");
  expect(outcomeOf(venue.order({ ...BUY, quantity: "0.1" }))).toBe(-4131);
});
