import { expect, test } from "bun:test";
import { decideGeometry, type GeometryInput } from "../../../lib/gates/decide-geometry.ts";

const LONG: GeometryInput = {
  side: "BUY",
  entryPrice: "100",
  quantity: "2",
  positionSizeUsd: "200",
  stopLoss: "98",
  takeProfit: "105",
  trailPercent: "1.5",
  mark: { price: "100", ageMs: 0 },
  priceCollarPct: "5",
};
const SHORT: GeometryInput = { ...LONG, side: "SELL", stopLoss: "102", takeProfit: "95" };

test.each([
  ["a long", LONG],
  ["a short", SHORT],
  ["a quantity alone", { ...LONG, positionSizeUsd: null }],
  ["no trail", { ...LONG, trailPercent: null }],
  ["a size exactly 1 % apart", { ...LONG, positionSizeUsd: "202" }],
  [
    "an entry exactly at the collar",
    { ...LONG, stopLoss: "95", mark: { price: "96", ageMs: 0 }, priceCollarPct: "4.1666666667" },
  ],
  ["a mark exactly 2 s old", { ...LONG, mark: { price: "100", ageMs: 2000 } }],
] as const)("%s is sound", (_what, input) => {
  expect(decideGeometry(input)).toMatchObject({ verdict: "sound", price: "100", quantity: "2" });
});

test("a quantity is derived from the notional when there is none", () => {
  const decision = decideGeometry({ ...LONG, quantity: null, positionSizeUsd: "250" });
  expect(decision).toMatchObject({ verdict: "sound", quantity: "2.5" });
});

test("the quantity wins over a notional within 1 %", () => {
  const decision = decideGeometry({ ...LONG, positionSizeUsd: "201" });
  expect(decision).toMatchObject({ verdict: "sound", quantity: "2" });
});

test.each([
  ["STOP_MISSING", "no stop", { ...LONG, stopLoss: null }],
  ["STOP_MISSING", "a stop of 0, which engines write for none", { ...LONG, stopLoss: "0" }],
  ["TARGET_MISSING", "no target", { ...LONG, takeProfit: null }],
  ["STOP_WRONG_SIDE", "a long's stop above", { ...LONG, stopLoss: "101" }],
  ["STOP_WRONG_SIDE", "a long's stop at the price", { ...LONG, stopLoss: "100" }],
  ["STOP_WRONG_SIDE", "a short's stop below", { ...SHORT, stopLoss: "99" }],
  ["STOP_WRONG_SIDE", "a short's stop at the price", { ...SHORT, stopLoss: "100.0" }],
  ["TARGET_WRONG_SIDE", "a long's target below", { ...LONG, takeProfit: "99.99" }],
  ["TARGET_WRONG_SIDE", "a long's target at the price", { ...LONG, takeProfit: "100" }],
  ["TARGET_WRONG_SIDE", "a short's target above", { ...SHORT, takeProfit: "101" }],
  [
    "STOP_WRONG_SIDE",
    "a long's stop that the mark has reached",
    { ...LONG, mark: { price: "98", ageMs: 0 } },
  ],
  ["STOP_WRONG_SIDE", "a long's stop above the mark", { ...LONG, mark: { price: "97", ageMs: 0 } }],
  ["STOP_WRONG_SIDE", "a short's stop below the mark", { ...SHORT, mark: { price: "103", ageMs: 0 } }],
  [
    "TARGET_WRONG_SIDE",
    "a long's target that the mark has reached",
    { ...LONG, mark: { price: "105", ageMs: 0 } },
  ],
  [
    "TARGET_WRONG_SIDE",
    "a short's target above the mark",
    { ...SHORT, stopLoss: "108", takeProfit: "99", mark: { price: "98", ageMs: 0 } },
  ],
  ["NOT_A_NUMBER", "a NaN stop", { ...LONG, stopLoss: "NaN" }],
  ["NOT_A_NUMBER", "an infinite target", { ...LONG, takeProfit: "Infinity" }],
  ["NOT_A_NUMBER", "no entry price", { ...LONG, entryPrice: null }],
  ["NOT_A_NUMBER", "an entry price of 0", { ...LONG, entryPrice: "0" }],
  ["NOT_A_NUMBER", "a negative quantity", { ...LONG, quantity: "-2" }],
  ["NOT_A_NUMBER", "neither quantity nor notional", { ...LONG, quantity: null, positionSizeUsd: null }],
  ["NOT_A_NUMBER", "an absurd price", { ...LONG, entryPrice: "1e15" }],
  ["NOT_A_NUMBER", "a trail of 100 %", { ...LONG, trailPercent: "100" }],
  ["NOT_A_NUMBER", "a negative trail", { ...LONG, trailPercent: "-1" }],
  ["SIZE_MISMATCH", "a notional 1.01 % above", { ...LONG, positionSizeUsd: "202.02" }],
  ["SIZE_MISMATCH", "a notional 1.01 % below", { ...LONG, positionSizeUsd: "197.98" }],
  ["REFERENCE_STALE", "no mark", { ...LONG, mark: null }],
  ["REFERENCE_STALE", "a mark of 2.001 s", { ...LONG, mark: { price: "100", ageMs: 2000.5 } }],
  ["REFERENCE_STALE", "a mark of unknown age", { ...LONG, mark: { price: "100", ageMs: Number.NaN } }],
  ["REFERENCE_STALE", "a mark that is no price", { ...LONG, mark: { price: "0", ageMs: 0 } }],
  ["PRICE_COLLAR", "a mark 5.01 % below", { ...LONG, mark: { price: "95.22", ageMs: 0 } }],
  ["PRICE_COLLAR", "a mark far above", { ...LONG, mark: { price: "106", ageMs: 0 } }],
  ["PRICE_COLLAR", "an unreadable collar", { ...LONG, priceCollarPct: "" }],
] as const)("%s denies %s", (reason, _what, input) => {
  expect(decideGeometry(input)).toMatchObject({ verdict: "denied", reason });
});

test("the first reason in the list is reported when several apply", () => {
  const decision = decideGeometry({ ...LONG, stopLoss: "101", takeProfit: "99", mark: null });
  expect(decision).toMatchObject({
    reason: "STOP_WRONG_SIDE",
    detail: { entryPrice: "100", stopLoss: "101" },
  });
});
