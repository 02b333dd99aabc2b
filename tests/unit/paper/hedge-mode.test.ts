import { expect, test } from "bun:test";
import { setHedgeMode } from "../../../lib/paper/engine/account-settings.ts";
import { accepted, BUY, limit, openTestVenue, outcomeOf, SELL } from "./test-venue.ts";

function hedgeVenue() {
  const venue = openTestVenue();
  expect(setHedgeMode(venue.state, true)).toBeUndefined();
  return venue;
}

test("both sides of a symbol are held at once", () => {
  const venue = hedgeVenue();
  accepted(venue.order({ ...BUY, positionSide: "LONG", quantity: "0.3" }));
  accepted(venue.order({ ...SELL, positionSide: "SHORT", quantity: "0.2" }));
  const { LONG, SHORT, BOTH } = venue.symbol().legs;
  expect([LONG, SHORT, BOTH].map((leg) => leg.amount.toFixed())).toEqual(["0.3", "-0.2", "0"]);
});

test("SELL with LONG and BUY with SHORT close their side only", () => {
  const venue = hedgeVenue();
  accepted(venue.order({ ...BUY, positionSide: "LONG", quantity: "0.3" }));
  accepted(venue.order({ ...SELL, positionSide: "SHORT", quantity: "0.2" }));
  accepted(venue.order({ ...SELL, positionSide: "LONG", quantity: "0.3" }));
  accepted(venue.order({ ...BUY, positionSide: "SHORT", quantity: "0.2" }));
  expect(venue.state.openLegs.size).toBe(0);
});

test.each([
  ["no position side", { ...BUY, quantity: "0.1" }, -4061],
  ["BOTH", { ...BUY, quantity: "0.1", positionSide: "BOTH" }, -4061],
  ["reduceOnly", { ...SELL, quantity: "0.1", positionSide: "LONG", reduceOnly: "true" }, -1106],
  ["reduceOnly=false", { ...BUY, quantity: "0.1", positionSide: "LONG", reduceOnly: "false" }, -1106],
  ["a close of a side that is not held", { ...SELL, quantity: "0.1", positionSide: "LONG" }, -2022],
])("hedge mode refuses %s", (_, params, code) => {
  expect(outcomeOf(hedgeVenue().order(params))).toBe(code);
});

test.each(["LONG", "SHORT"])("one-way mode refuses a position side of %s", (positionSide) => {
  expect(outcomeOf(openTestVenue().order({ ...BUY, quantity: "0.1", positionSide }))).toBe(-4061);
});

test("closing more than is held is refused, not cut", () => {
  const venue = hedgeVenue();
  accepted(venue.order({ ...BUY, positionSide: "LONG", quantity: "0.3" }));
  expect(outcomeOf(venue.order({ ...SELL, positionSide: "LONG", quantity: "0.4" }))).toBe(-2022);
});

test("resting closes hold the size in hedge mode too", () => {
  const venue = hedgeVenue();
  accepted(venue.order({ ...BUY, positionSide: "LONG", quantity: "0.3" }));
  accepted(venue.order({ ...limit("SELL", "0.3", "61000"), positionSide: "LONG" }));
  expect(outcomeOf(venue.order({ ...SELL, positionSide: "LONG", quantity: "0.3" }))).toBe(-4118);
});

test("the mode does not change with a position, with an order, or to what it is", () => {
  const venue = openTestVenue();
  expect(setHedgeMode(venue.state, false)?.code).toBe(-4059);
  accepted(venue.order(limit("BUY", "0.1", "59000")));
  expect(setHedgeMode(venue.state, true)?.code).toBe(-4067);
  venue.price("58000");
  expect(setHedgeMode(venue.state, true)?.code).toBe(-4068);
});
