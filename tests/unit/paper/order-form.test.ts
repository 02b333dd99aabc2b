import { expect, test } from "bun:test";
import Big from "big.js";
import { checkQuantity } from "../../../lib/paper/engine/check-filters.ts";
import { BUY, limit, openTestVenue, outcomeOf } from "./test-venue.ts";

const GTC = limit("BUY", "0.01", "59000");
const without = (params: Record<string, string>, name: string) =>
  Object.fromEntries(Object.entries(params).filter(([key]) => key !== name));

test.each([
  ["an unknown symbol", { ...GTC, symbol: "NOPEUSDT" }, -1121],
  ["no side", without(GTC, "side"), -1102],
  ["a side that is none", { ...GTC, side: "HOLD" }, -1117],
  ["no type", without(GTC, "type"), -1102],
  ["a type that is none", { ...GTC, type: "ICEBERG" }, -1116],
  ["no quantity", without(GTC, "quantity"), -1102],
  ["a malformed quantity", { ...GTC, quantity: "NaN" }, -1102],
  ["an exponent", { ...GTC, quantity: "1e-2" }, -1102],
  ["a limit order without a price", without(GTC, "price"), -1102],
  ["a limit order without timeInForce", without(GTC, "timeInForce"), -1102],
  ["a timeInForce that is none", { ...GTC, timeInForce: "DAY" }, -1115],
  ["a market order with a price", { ...BUY, quantity: "0.01", price: "59000" }, -1106],
  ["a market order with timeInForce", { ...BUY, quantity: "0.01", timeInForce: "GTC" }, -1106],
  ["GTD without goodTillDate", { ...GTC, timeInForce: "GTD" }, -1102],
  ["GTD that ends too soon", { ...GTC, timeInForce: "GTD", goodTillDate: "1767225700000" }, -5040],
  ["goodTillDate without GTD", { ...GTC, goodTillDate: "1767229200000" }, -1106],
  ["a position side that is none", { ...GTC, positionSide: "UP" }, -4060],
  ["a reply type that is none", { ...GTC, newOrderRespType: "FULL" }, -1136],
  ["a client id with a blank", { ...GTC, newClientOrderId: "a b" }, -1100],
  ["a client id of 37 characters", { ...GTC, newClientOrderId: "x".repeat(37) }, -4015],
  ["a stop on the plain path", { ...BUY, type: "STOP_MARKET", quantity: "0.01", stopPrice: "61000" }, -4120],
  ["a trailing stop on the plain path", { ...BUY, type: "TRAILING_STOP_MARKET", quantity: "0.01" }, -4120],
  ["closePosition on a market order", { ...BUY, quantity: "0.01", closePosition: "true" }, -4136],
  ["price matching", { ...GTC, priceMatch: "QUEUE" }, -5037],
])("%s is refused by its documented code", (_, params, code) => {
  const venue = openTestVenue();
  expect(outcomeOf(venue.order(params))).toBe(code);
  expect(venue.state.ordersById.size).toBe(0);
});

test.each([
  ["a quantity of zero", { ...GTC, quantity: "0" }, -4003],
  ["a negative quantity", { ...GTC, quantity: "-0.01" }, -4003],
  ["more decimals than the quantity has", { ...GTC, quantity: "0.0101" }, -1111],
  ["more than the largest limit lot", { ...GTC, quantity: "1000.001" }, -4005],
  ["more than the largest market lot", { ...BUY, quantity: "120.001" }, -4005],
  ["more decimals than the price has", { ...GTC, price: "59000.001" }, -1111],
  ["a price between ticks", { ...GTC, price: "59000.05" }, -4014],
  ["a price of zero", { ...GTC, price: "0" }, -4001],
  ["a price below the smallest", { ...GTC, price: "1" }, -4013],
  ["a price above the largest", { ...limit("SELL", "0.01", "4529764.1") }, -4002],
  ["a buy above the percent cap", { ...GTC, price: "63000.1" }, -4016],
  ["a sell below the percent floor", { ...limit("SELL", "0.01", "56999.9") }, -4024],
  ["a notional under the minimum", { ...GTC, quantity: "0.001" }, -4164],
  ["a market notional under the minimum, by the mark", { ...BUY, quantity: "0.001" }, -4164],
])("%s is refused by its filter", (_, params, code) => {
  const venue = openTestVenue();
  expect(outcomeOf(venue.order(params))).toBe(code);
});

test.each([
  ["0.009", -4004],
  ["0.01", undefined],
  ["0.012", -4023],
  ["0.015", undefined],
  ["5", undefined],
  ["5.005", -4005],
  ["0.0151", -1111],
])("a lot of 0.01 to 5 by 0.005 answers %s with %s", (qty, code) => {
  const lot = { min: new Big("0.01"), max: new Big("5"), step: new Big("0.005") };
  expect(checkQuantity(new Big(qty), lot, 3)?.code).toBe(code);
});

test("the 201st open order of a symbol is refused", () => {
  const venue = openTestVenue();
  for (let count = 0; count < 200; count += 1) expect(outcomeOf(venue.order(GTC))).toBe("NEW");
  expect(outcomeOf(venue.order(GTC))).toBe(-2025);
  expect(outcomeOf(venue.order({ ...limit("BUY", "0.1", "2400"), symbol: "ETHUSDT" }))).toBe("NEW");
});

test("a client id is taken while its order is open, and free again when it is done", () => {
  const venue = openTestVenue();
  const named = { ...GTC, newClientOrderId: "mine" };
  expect(outcomeOf(venue.order(named))).toBe("NEW");
  expect(outcomeOf(venue.order(named))).toBe(-4116);
  venue.price("58000");
  expect(outcomeOf(venue.order({ ...BUY, quantity: "0.01", newClientOrderId: "mine" }))).toBe("FILLED");
  expect(outcomeOf(venue.order({ ...BUY, quantity: "0.01", newClientOrderId: "mine" }))).toBe("FILLED");
});
