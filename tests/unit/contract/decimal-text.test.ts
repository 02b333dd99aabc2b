import { expect, test } from "bun:test";
import Big from "big.js";
import fc from "fast-check";
import { canonicalDecimal } from "../../../lib/contract/decimal-text.ts";

test.each([
  ["0", "0"],
  ["-0", "0"],
  ["0.10", "0.1"],
  ["+5", "5"],
  ["007", "7"],
  [".5", "0.5"],
  ["5.", "5"],
  ["1e3", "1000"],
  ["1E-7", "0.0000001"],
  [42_000.1, "42000.1"],
  ["999999999999999", "999999999999999"],
  ["1000000000000000", undefined],
  ["1e300", undefined],
  ["NaN", undefined],
  ["Infinity", undefined],
  ["0x10", undefined],
  ["1,5", undefined],
  ["", undefined],
  ["--1", undefined],
])("%p is %p", (input, expected) => {
  expect(canonicalDecimal(input)).toBe(expected);
});

test("the canonical text is the number's own, and canonical again", () => {
  const digits = fc.stringMatching(/^-?\d{1,14}(\.\d{1,12})?$/);
  fc.assert(
    fc.property(digits, (text) => {
      const canonical = canonicalDecimal(text);
      expect(canonical).toBe(new Big(text).toFixed());
      expect(canonicalDecimal(canonical ?? "")).toBe(canonical);
    }),
    { numRuns: 2000 },
  );
});
