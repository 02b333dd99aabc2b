import { expect, test } from "bun:test";
import { exitOrderShape } from "../../../lib/exchange/exit-order-shape.ts";

test.each([
  [false, "LONG", "SELL", "BOTH"],
  [false, "SHORT", "BUY", "BOTH"],
  [true, "LONG", "SELL", "LONG"],
  [true, "SHORT", "BUY", "SHORT"],
] as const)(
  "hedge mode %p: closing a %s is %s with position side %s",
  (hedgeMode, closes, side, positionSide) => {
    expect(exitOrderShape({ hedgeMode, closes })).toEqual({ side, positionSide, reduceOnly: true });
  },
);
