import { expect, test } from "bun:test";
import { decideTriggerPrice } from "../../../lib/exchange/decide-trigger-price.ts";
import { BTC_RULES } from "../../support/symbol-rules.ts";

test.each([
  ["SELL", "49000.01", "49000.1"],
  ["SELL", "49000.1", "49000.1"],
  ["BUY", "51000.09", "51000"],
  ["BUY", "51000.1", "51000.1"],
  ["SELL", "100", undefined],
  ["BUY", "900000", undefined],
] as const)(
  "a %s stop asked at %s triggers at %p: on the tick, never later than asked",
  (side, price, expected) => {
    expect(decideTriggerPrice({ side, price, rules: BTC_RULES })).toBe(expected);
  },
);

test("without a tick the price stays as it is", () => {
  const rules = { tickSize: "0", priceMin: "0", priceMax: "0" };
  expect(decideTriggerPrice({ side: "SELL", price: "1.23456", rules })).toBe("1.23456");
});
