import { expect, test } from "bun:test";
import { decideOrderSize, type OrderSizeInput } from "../../../lib/exchange/decide-order-size.ts";
import { BTC_RULES } from "../../support/symbol-rules.ts";

const ENTRY: OrderSizeInput = { kind: "entry", rules: BTC_RULES, quantity: "0.01", markPrice: "50000" };
const EXIT: OrderSizeInput = { ...ENTRY, kind: "exit", markPrice: null };
const sizes = (input: OrderSizeInput) => {
  const size = decideOrderSize(input);
  return size.kind === "denied" ? "denied" : [size.quantity, ...size.rest];
};

test.each([
  ["0.01", ["0.01"]],
  ["0.0109999", ["0.01"]],
  ["0.0100000000000000001", ["0.01"]],
  ["120", ["120"]],
  ["120.0009", ["120"]],
  ["120.001", "denied"],
  ["0.0009", "denied"],
  ["0", "denied"],
  ["-1", "denied"],
  ["NaN", "denied"],
] as const)("an entry of %s: %p", (quantity, expected) => {
  expect(sizes({ ...ENTRY, quantity })).toEqual(typeof expected === "string" ? expected : [...expected]);
});

test.each([
  ["0.002", "50000", ["0.002"]],
  ["0.002", "49999.9", "denied"],
  ["0.0029", "49999.9", "denied"],
] as const)(
  "the venue's minimum of 100 USD is measured by the mark after cutting: %s at %s",
  (quantity, markPrice, expected) => {
    expect(sizes({ ...ENTRY, quantity, markPrice })).toEqual(
      typeof expected === "string" ? expected : [...expected],
    );
  },
);

test.each([
  ["an unknown symbol", { ...ENTRY, rules: null }],
  ["a symbol that is not trading", { ...ENTRY, rules: { ...BTC_RULES, status: "SETTLING" } }],
  ["no mark", { ...ENTRY, markPrice: null }],
] as const)("an entry with %s is denied by FILTERS", (_what, input) => {
  expect(decideOrderSize(input)).toMatchObject({ kind: "denied", reason: "FILTERS" });
});

test.each([
  ["without rules, as it is", { ...EXIT, rules: null, quantity: "0.0109" }, ["0.0109"]],
  ["of a symbol that is not trading", { ...EXIT, rules: { ...BTC_RULES, status: "SETTLING" } }, ["0.01"]],
  ["below the minimum notional", { ...EXIT, quantity: "0.001" }, ["0.001"]],
  ["beyond the maximum, in parts", { ...EXIT, quantity: "300.5" }, ["120", "120", "60.5"]],
  ["of exactly two maxima", { ...EXIT, quantity: "240" }, ["120", "120"]],
] as const)("an exit goes %s", (_what, input, expected) => {
  expect(sizes(input)).toEqual([...expected]);
});

test("an exit of less than a step is denied here: no order of it exists", () => {
  expect(decideOrderSize({ ...EXIT, quantity: "0.0004" })).toMatchObject({ kind: "denied" });
});

test("what the parts of an exit leave is said", () => {
  expect(decideOrderSize({ ...EXIT, quantity: "120.0004" })).toMatchObject({
    quantity: "120",
    leftover: "0.0004",
  });
  const many = decideOrderSize({ ...EXIT, quantity: "6001" });
  if (many.kind === "denied") throw new Error("denied");
  expect([many.rest.length, many.leftover]).toEqual([49, "1"]);
});

test("no part of an exit is below the minimum: what would be is left", () => {
  const rules = { ...BTC_RULES, marketLot: { min: "1", max: "120", step: "0.001" } };
  expect(decideOrderSize({ ...EXIT, rules, quantity: "240.5" })).toMatchObject({
    quantity: "120",
    rest: ["120"],
    leftover: "0.5",
  });
});

test("both lot filters hold: the larger minimum, the smaller maximum, the common step", () => {
  const rules = {
    ...BTC_RULES,
    minNotionalUsd: "0",
    lot: { min: "0.004", max: "10", step: "0.004" },
    marketLot: { min: "0.006", max: "20", step: "0.006" },
  };
  expect(sizes({ ...ENTRY, rules, quantity: "0.03" })).toEqual(["0.024"]);
  expect(sizes({ ...ENTRY, rules, quantity: "0.011" })).toBe("denied");
  expect(sizes({ ...ENTRY, rules, quantity: "10.02" })).toBe("denied");
});

test("a step of 0 means any quantity", () => {
  const free = { min: "0", max: "0", step: "0" };
  const rules = { ...BTC_RULES, minNotionalUsd: "0", lot: free, marketLot: free };
  expect(sizes({ ...ENTRY, rules, quantity: "0.0123456789" })).toEqual(["0.0123456789"]);
});
