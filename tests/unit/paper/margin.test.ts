import { expect, test } from "bun:test";
import { setLeverage, setMarginType } from "../../../lib/paper/engine/account-settings.ts";
import { liquidationPriceOf } from "../../../lib/paper/engine/liquidation-price.ts";
import { accountFigures } from "../../../lib/paper/engine/margin.ts";
import { accepted, BUY, limit, openTestVenue, outcomeOf, SELL } from "./test-venue.ts";

test("an order needs its notional over the leverage", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "1000", PAPER_LEVERAGE: 20 });
  expect(outcomeOf(venue.order({ ...BUY, quantity: "0.334" }))).toBe(-2019);
  expect(outcomeOf(venue.order({ ...BUY, quantity: "0.333" }))).toBe("FILLED");
});

test("the fee counts too", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "3000.1", PAPER_TAKER_FEE_PCT: "0.04" });
  expect(outcomeOf(venue.order({ ...BUY, quantity: "1" }))).toBe(-2019);
});

test("a resting order holds margin until it is filled or cancelled", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "3000" });
  accepted(venue.order(limit("BUY", "1", "59000")));
  expect(venue.state.heldMargin.toFixed()).toBe("2950");
  expect(outcomeOf(venue.order(limit("BUY", "0.1", "59000")))).toBe(-2019);
  venue.price("58999.9");
  expect(venue.state.heldMargin.toFixed()).toBe("0");
});

test("an order against the position needs margin only for what turns it", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "3100" });
  accepted(venue.order({ ...BUY, quantity: "1" }));
  expect(outcomeOf(venue.order({ ...SELL, quantity: "1.05" }))).toBe(-2019);
  expect(outcomeOf(venue.order({ ...SELL, quantity: "1.03" }))).toBe("FILLED");
});

test("unrealised profit and loss move what is available", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "10000" });
  accepted(venue.order({ ...BUY, quantity: "1" }));
  venue.price("61000");
  const figures = accountFigures(venue.state);
  expect(figures.unrealised.toFixed()).toBe("999.9");
  expect(figures.available.toFixed()).toBe("7949.9");
  expect(figures.maintenance.toFixed()).toBe("244");
});

test.each([
  [0, -4028],
  [126, -4028],
  [125, undefined],
  [1, undefined],
])("a leverage of %d: %s", (leverage, code) => {
  const venue = openTestVenue();
  const refusal = setLeverage(venue.state, venue.symbol(), { leverage, nowMs: venue.nowMs });
  expect(refusal?.code).toBe(code);
});

test("a leverage whose bracket the position outgrew is refused, as is an order that would outgrow it", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "10000000", PAPER_LEVEL_USD: "90000000" });
  accepted(venue.order({ ...BUY, quantity: "10" }));
  expect(setLeverage(venue.state, venue.symbol(), { leverage: 125, nowMs: 0 })?.code).toBe(-2027);
  expect(venue.symbol().leverage).toBe(20);
  setLeverage(venue.state, venue.symbol(), { leverage: 100, nowMs: 0 });
  expect(outcomeOf(venue.order({ ...BUY, quantity: "4" }))).toBe(-2027);
});

test("the margin type changes only on a symbol at rest", () => {
  const venue = openTestVenue();
  const change = (marginType: "CROSSED" | "ISOLATED") =>
    setMarginType(venue.state, venue.symbol(), { marginType, nowMs: 0 })?.code;
  expect(change("CROSSED")).toBe(-4046);
  accepted(venue.order(limit("BUY", "0.1", "59000")));
  expect(change("ISOLATED")).toBe(-4047);
  venue.price("58000");
  expect(change("ISOLATED")).toBe(-4048);
  accepted(venue.order({ ...SELL, quantity: "0.1" }));
  expect(change("ISOLATED")).toBeUndefined();
});

test("an isolated leg keeps its own wallet and gives it back", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "10000" });
  setMarginType(venue.state, venue.symbol(), { marginType: "ISOLATED", nowMs: 0 });
  accepted(venue.order({ ...BUY, quantity: "1" }));
  expect(venue.symbol().legs.BOTH.isolatedWallet.toFixed()).toBe("3000.005");
  accepted(venue.order({ ...SELL, quantity: "0.5" }));
  expect(venue.symbol().legs.BOTH.isolatedWallet.toFixed()).toBe("1500.0025");
  accepted(venue.order({ ...SELL, quantity: "0.5" }));
  expect(accountFigures(venue.state).crossWallet.eq(venue.state.wallet)).toBe(true);
});

test("a cross account is liquidated below its maintenance margin, and not before", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "3100" });
  accepted(venue.order({ ...BUY, quantity: "1" }));
  const symbol = venue.symbol();
  const at = liquidationPriceOf(accountFigures(venue.state), symbol, symbol.legs.BOTH);
  venue.price(at.plus(1).toFixed(1));
  expect(venue.state.openLegs.size).toBe(1);
  venue.price(at.minus(1).toFixed(1));
  expect(venue.state.openLegs.size).toBe(0);
  const last = [...venue.state.ordersById.values()].at(-1);
  expect([last?.clientOrderId.startsWith("autoclose-"), last?.status]).toEqual([true, "FILLED"]);
});

test("an isolated leg is liquidated alone", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "100000" });
  setMarginType(venue.state, venue.symbol(), { marginType: "ISOLATED", nowMs: 0 });
  accepted(venue.order({ ...BUY, quantity: "1" }));
  accepted(venue.order({ ...BUY, symbol: "ETHUSDT", quantity: "1" }));
  venue.price("57000");
  expect([...venue.state.openLegs].map((leg) => leg.symbol)).toEqual(["ETHUSDT"]);
});

test("liquidation stops as soon as the account carries what is left", () => {
  const venue = openTestVenue({ PAPER_BALANCE_USD: "3100" });
  accepted(venue.order({ ...BUY, quantity: "1" }));
  accepted(venue.order({ ...BUY, symbol: "ETHUSDT", quantity: "0.01" }));
  venue.price("57100");
  expect([...venue.state.openLegs].map((leg) => leg.symbol)).toEqual(["ETHUSDT"]);
});
