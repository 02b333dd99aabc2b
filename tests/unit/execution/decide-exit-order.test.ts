import { expect, test } from "bun:test";
import type { TradeIntent } from "../../../lib/contract/trade-intent.ts";
import { decodeIntent } from "../../../lib/contract/trade-intent.ts";
import type { Position } from "../../../lib/exchange/exchange.ts";
import { decideExitOrder } from "../../../lib/execution/decide-exit-order.ts";

function exit(change: object): TradeIntent {
  const data = JSON.stringify({ symbol: "BTCUSDT", action: "CLOSE", reduce_only: true, ts_ms: 1, ...change });
  const decoded = decodeIntent({ data });
  if (decoded.kind !== "intent") throw new Error(decoded.reason);
  return decoded.intent;
}

function position(quantity: string, positionSide: Position["positionSide"] = "BOTH"): Position {
  return {
    symbol: "BTCUSDT",
    positionSide,
    quantity,
    entryPrice: "1",
    markPrice: "1",
    unrealisedPnlUsd: "0",
    updateTimeMs: 1,
  };
}

const LONG = position("2");
const SHORT = position("-3");
const HEDGED = [position("2", "LONG"), position("-3", "SHORT")];

test.each([
  ["CLOSE closes all of a long", {}, [LONG], { kind: "close", side: "SELL", quantity: "2" }],
  ["CLOSE closes all of a short", {}, [SHORT], { kind: "close", side: "BUY", quantity: "3" }],
  ["a quantity beyond the position is clamped", { quantity: "5" }, [LONG], { quantity: "2" }],
  ["a smaller quantity is kept", { quantity: "0.5" }, [LONG], { quantity: "0.5" }],
  ["SELL does not touch a short", { action: "SELL" }, [SHORT], { kind: "nothing_to_reduce" }],
  ["no position", {}, [], { kind: "nothing_to_reduce" }],
  ["another symbol's position", {}, [{ ...LONG, symbol: "ETHUSDT" }], { kind: "nothing_to_reduce" }],
  ["CLOSE with long and short open", {}, HEDGED, { kind: "ambiguous" }],
  [
    "BUY in hedge mode closes the short",
    { action: "BUY" },
    HEDGED,
    { side: "BUY", positionSide: "SHORT", quantity: "3" },
  ],
  [
    "a named side decides",
    { position_side: "LONG" },
    HEDGED,
    { side: "SELL", positionSide: "LONG", quantity: "2" },
  ],
  [
    "unreadable, SELL with a size: sent as it is",
    { action: "SELL", quantity: "7" },
    undefined,
    { side: "SELL", positionSide: "LONG", quantity: "7" },
  ],
  [
    "unreadable, CLOSE of a named side",
    { position_side: "SHORT", quantity: "7" },
    undefined,
    { side: "BUY", positionSide: "SHORT" },
  ],
  ["unreadable, CLOSE of anything", { quantity: "7" }, undefined, { kind: "read_again" }],
  ["unreadable, no size", { action: "SELL" }, undefined, { kind: "read_again" }],
] as const)("%s", (_name, change, positions, expected) => {
  expect(decideExitOrder({ intent: exit(change), hedgeMode: true, positions, isWhole: true })).toMatchObject(
    expected,
  );
});

test("an exit never is larger than the position, nor on its own side", () => {
  for (const open of [LONG, SHORT]) {
    for (const action of ["BUY", "SELL", "CLOSE"]) {
      for (const quantity of [null, "0.1", "2", "1000"]) {
        const decision = decideExitOrder({
          intent: exit({ action, quantity }),
          hedgeMode: false,
          positions: [open],
          isWhole: true,
        });
        if (decision.kind !== "close") continue;
        expect(decision.side).toBe(open === LONG ? "SELL" : "BUY");
        expect(Number(decision.quantity)).toBeLessThanOrEqual(Math.abs(Number(open.quantity)));
      }
    }
  }
});

test("a reading that lacks a row closes what it names, and never says that there is nothing to reduce", () => {
  const decide = (positions: readonly Position[], positionSide: "LONG" | "SHORT") =>
    decideExitOrder({
      ...{ intent: exit({ position_side: positionSide, quantity: "7" }), hedgeMode: true, isWhole: false },
      positions,
    });
  const long = position("2", "LONG");
  expect(decide([long], "LONG")).toMatchObject({ kind: "close", side: "SELL", quantity: "2" });
  expect(decide([long], "SHORT")).toMatchObject({ kind: "close", positionSide: "SHORT", quantity: "7" });
});

test("a CLOSE of no named side waits for the row that could not be read, in hedge mode", () => {
  const decide = (hedgeMode: boolean, change: object = {}) =>
    decideExitOrder({ intent: exit(change), hedgeMode, isWhole: false, positions: [position("2", "LONG")] });
  expect(decide(true)).toEqual({ kind: "read_again" });
  expect(decide(true, { action: "SELL" })).toMatchObject({ kind: "close", quantity: "2" });
  expect(decide(false)).toMatchObject({ kind: "close", quantity: "2" });
});

test.each([
  ["SELL", "SHORT"],
  ["BUY", "LONG"],
])("a %s of the %s reduces nothing, whatever was read", (action, side) => {
  for (const positions of [HEDGED, undefined]) {
    for (const hedgeMode of [true, false]) {
      const intent = exit({ action, position_side: side, quantity: "1" });
      expect(decideExitOrder({ intent, hedgeMode, positions, isWhole: positions !== undefined })).toEqual({
        kind: "nothing_to_reduce",
      });
    }
  }
});

test("a size in USD is reckoned by the mark stream where nothing was read, and waits without a mark", () => {
  const intent = exit({ action: "SELL", position_size_usd: "300" });
  const decide = (markPrice: string | undefined) =>
    decideExitOrder({ intent, hedgeMode: false, positions: undefined, isWhole: false, markPrice });
  expect(decide("3000")).toMatchObject({ kind: "close", side: "SELL", quantity: "0.1" });
  expect(decide(undefined)).toEqual({ kind: "read_again" });
});
