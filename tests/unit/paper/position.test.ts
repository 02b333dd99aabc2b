import { expect, test } from "bun:test";
import Big from "big.js";
import {
  applyFill,
  breakEvenOf,
  emptyPosition,
  entryPriceOf,
  unrealisedOf,
} from "../../../lib/paper/engine/position.ts";

import { openTestVenue } from "./test-venue.ts";

type Step = readonly [qty: string, price: string, realised: string];

test.each<[string, readonly Step[], string, string]>([
  ["one buy", [["2", "100", "0"]], "2", "100"],
  [
    "two buys average their prices",
    [
      ["1", "100", "0"],
      ["3", "120", "0"],
    ],
    "4",
    "115",
  ],
  [
    "a partial close realises its share and keeps the entry price",
    [
      ["4", "100", "0"],
      ["-1", "110", "10"],
    ],
    "3",
    "100",
  ],
  [
    "a full close leaves nothing",
    [
      ["4", "100", "0"],
      ["-4", "90", "-40"],
    ],
    "0",
    "0",
  ],
  [
    "a short earns when the price falls",
    [
      ["-2", "100", "0"],
      ["2", "90", "20"],
    ],
    "0",
    "0",
  ],
  [
    "a sell beyond the position turns it at the fill's price",
    [
      ["1", "100", "0"],
      ["-3", "110", "10"],
    ],
    "-2",
    "110",
  ],
  [
    "a buy beyond a short turns it",
    [
      ["-1", "100", "0"],
      ["3", "105", "-5"],
    ],
    "2",
    "105",
  ],
])("%s", (_, steps, amount, entry) => {
  const position = emptyPosition("BTCUSDT", "BOTH");
  for (const [qty, price, realised] of steps) {
    const got = applyFill(position, { qty: new Big(qty), price: new Big(price) });
    expect(got.toFixed()).toBe(realised);
  }
  expect(position.amount.toFixed()).toBe(amount);
  expect(entryPriceOf(position).toFixed()).toBe(entry);
});

test.each([
  ["2", "110", "20"],
  ["2", "95", "-10"],
  ["-2", "95", "10"],
  ["-2", "110", "-20"],
])("%s bought at 100 are worth it at a mark of %s: %s", (qty, mark, profit) => {
  const position = emptyPosition("BTCUSDT", "BOTH");
  applyFill(position, { qty: new Big(qty), price: new Big(100) });
  expect(unrealisedOf(position, new Big(mark)).toFixed()).toBe(profit);
});

test("closing in thirds realises exactly what closing at once would", () => {
  const position = emptyPosition("BTCUSDT", "BOTH");
  applyFill(position, { qty: new Big("0.007"), price: new Big("60000.1") });
  applyFill(position, { qty: new Big("0.011"), price: new Big("60007.3") });
  let realised = new Big(0);
  for (const qty of ["-0.005", "-0.006", "-0.007"]) {
    realised = realised.plus(applyFill(position, { qty: new Big(qty), price: new Big("60010.7") }));
  }
  const paid = new Big("0.007").times("60000.1").plus(new Big("0.011").times("60007.3"));
  expect(realised.toFixed()).toBe(new Big("0.018").times("60010.7").minus(paid).toFixed());
  expect(position.cost.toFixed()).toBe("0");
});

test.each([
  ["BUY", "SELL", "60048.1"],
  ["SELL", "BUY", "59952.0"],
] as const)(
  "a %s breaks even where its fees are earned back, and anew after it was turned",
  (side, other, price) => {
    const venue = openTestVenue({ PAPER_TAKER_FEE_PCT: "0.08" });
    const breakEven = () => breakEvenOf(venue.symbol().legs.BOTH).toFixed(1);
    venue.order({ side, type: "MARKET", quantity: "0.1" });
    expect(breakEven()).toBe(price);
    venue.order({ side: other, type: "MARKET", quantity: "0.2" });
    venue.order({ side, type: "MARKET", quantity: "0.2" });
    const fee = Number(venue.symbol().fills.at(-1)?.commission.toFixed()) / 0.2;
    const entry = Number(venue.symbol().fills.at(-1)?.price.toFixed());
    expect(Number(breakEven())).toBeCloseTo(side === "BUY" ? entry + fee : entry - fee, 0);
  },
);
