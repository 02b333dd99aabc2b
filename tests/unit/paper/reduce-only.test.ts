import { expect, test } from "bun:test";
import { accepted, BUY, limit, openTestVenue, outcomeOf, SELL } from "./test-venue.ts";

const reduce = { reduceOnly: "true" };

/** One-way mode, long 0.5 BTC. */
function longVenue() {
  const venue = openTestVenue();
  accepted(venue.order({ ...BUY, quantity: "0.5" }));
  return venue;
}

test.each([
  ["without a position", () => openTestVenue(), { ...SELL, quantity: "0.1" }],
  ["on the position's own side", longVenue, { ...BUY, quantity: "0.1" }],
])("a reduce-only order %s is refused with -2022", (_, open, params) => {
  expect(outcomeOf(open().order({ ...params, ...reduce }))).toBe(-2022);
});

test("a reduce-only order larger than the position is cut to it", () => {
  const venue = longVenue();
  const order = accepted(venue.order({ ...SELL, quantity: "3", ...reduce }));
  expect([order.status, order.origQty.toFixed()]).toEqual(["FILLED", "0.5"]);
  expect(venue.symbol().legs.BOTH.amount.toFixed()).toBe("0");
});

test("a reduce-only order is exempt from the minimum notional", () => {
  const venue = longVenue();
  expect(outcomeOf(venue.order({ ...SELL, quantity: "0.001", ...reduce }))).toBe("FILLED");
});

test("a reduce-only order needs no margin", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "3010" });
  accepted(venue.order({ ...BUY, quantity: "1" }));
  expect(outcomeOf(venue.order({ ...BUY, quantity: "0.1" }))).toBe(-2019);
  expect(outcomeOf(venue.order({ ...SELL, quantity: "1", ...reduce }))).toBe("FILLED");
});

test("resting reduce-only orders hold the size: -4118 until they are cancelled", () => {
  const venue = longVenue();
  accepted(venue.order({ ...limit("SELL", "0.5", "61000"), ...reduce }));
  expect(outcomeOf(venue.order({ ...SELL, quantity: "0.5", ...reduce }))).toBe(-4118);
  expect(outcomeOf(venue.order({ ...SELL, quantity: "0.5" }))).toBe("FILLED");
});

test("what resting orders do not hold can still be closed", () => {
  const venue = longVenue();
  accepted(venue.order({ ...limit("SELL", "0.3", "61000"), ...reduce }));
  expect(outcomeOf(venue.order({ ...SELL, quantity: "0.2", ...reduce }))).toBe("FILLED");
});

test("resting reduce-only orders expire when their position is gone", () => {
  const venue = longVenue();
  const resting = accepted(venue.order({ ...limit("SELL", "0.5", "61000"), ...reduce }));
  accepted(venue.order({ ...SELL, quantity: "0.5" }));
  expect(resting.status).toBe("EXPIRED");
});

test("a resting reduce-only order fills no further than the position", () => {
  const venue = longVenue();
  const resting = accepted(venue.order({ ...limit("SELL", "0.5", "61000"), ...reduce }));
  accepted(venue.order({ ...SELL, quantity: "0.4" }));
  venue.price("61500");
  expect(resting.executedQty.toFixed()).toBe("0.1");
  expect(venue.symbol().legs.BOTH.amount.toFixed()).toBe("0");
  expect(resting.status).toBe("EXPIRED");
});
