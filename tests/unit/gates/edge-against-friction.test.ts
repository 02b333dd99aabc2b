import { expect, test } from "bun:test";
import { edgeAgainstFriction } from "../../../lib/gates/edge-against-friction.ts";
import { VALID_ENTRY } from "./valid-entry.ts";

const HUNDRED_USD = { ...VALID_ENTRY, price: "100", quantity: "1" };

test.each([
  ["0.66", "pass"],
  ["0.6599999999", "held"],
  ["0", "held"],
  ["-5", "held"],
  ["NaN", "held"],
] as const)(
  "on 100 USD (friction 0.22, three times 0.66) an expected move of %s USD: %s",
  (move, verdict) => {
    expect(edgeAgainstFriction.decide({ ...HUNDRED_USD, expectedMoveUsd: move }).verdict).toBe(verdict);
  },
);

test.each([
  ["100.66", "pass"],
  ["100.65", "held"],
  ["99.34", "pass"],
  ["nonsense", "held"],
] as const)(
  "without a figure of its own a target of %s counts by its distance: %s",
  (takeProfit, verdict) => {
    expect(edgeAgainstFriction.decide({ ...HUNDRED_USD, takeProfit }).verdict).toBe(verdict);
  },
);

test("the distance to the target is multiplied by the whole quantity", () => {
  const held = edgeAgainstFriction.decide({ ...HUNDRED_USD, quantity: "10", takeProfit: "100.1" });
  expect(held).toEqual({
    verdict: "held",
    reason: "EDGE_TOO_SMALL",
    detail: { expectedMoveUsd: "1", neededUsd: "6.6", frictionUsd: "2.2", edgeMultiplier: "3" },
  });
});
