import { expect, test } from "bun:test";
import { minimumNotional } from "../../../lib/gates/minimum-notional.ts";
import { VALID_ENTRY } from "./valid-entry.ts";

test.each([
  ["25", "1", "pass"],
  ["24.999999", "1", "held"],
  ["250000", "0.0001", "pass"],
  ["0.1", "249.99", "held"],
  ["3500", "NaN", "held"],
  ["-5", "-10", "held"],
  ["Infinity", "1", "held"],
  ["1e15", "1", "held"],
])("price %s × quantity %s against a minimum of 25 USD: %s", (price, quantity, verdict) => {
  expect(minimumNotional.decide({ ...VALID_ENTRY, price, quantity }).verdict).toBe(
    verdict === "pass" ? "pass" : "held",
  );
});

test("a hold carries the notional and the minimum", () => {
  const verdict = minimumNotional.decide({ ...VALID_ENTRY, price: "0.1", quantity: "200" });
  expect(verdict).toEqual({
    verdict: "held",
    reason: "MIN_NOTIONAL",
    detail: { notionalUsd: "20", minNotionalUsd: "25" },
  });
});
