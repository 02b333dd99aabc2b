import { expect, test } from "bun:test";
import type { AlgoOrder, Position } from "../../../lib/exchange/exchange.ts";
import {
  decideStop,
  type StopDecision,
  type StopInput,
  type WantedStop,
} from "../../../lib/execution/decide-stop.ts";

const LONG: WantedStop = {
  ...{ symbol: "BTCUSDT", side: "SELL", positionSide: "BOTH" },
  ...{ triggerPrice: "90", clientAlgoId: "i-s" },
};
const SHORT: WantedStop = { ...LONG, side: "BUY", triggerPrice: "110" };

function stop(change: Partial<AlgoOrder> = {}): AlgoOrder {
  return {
    ...{ symbol: "BTCUSDT", algoId: "1", clientAlgoId: "i-s", status: "NEW", orderType: "STOP_MARKET" },
    ...{ side: "SELL", positionSide: "BOTH", triggerPrice: "90", quantity: null },
    ...{ closePosition: true, reduceOnly: true },
    ...change,
  };
}

function position(quantity: string, change: Partial<Position> = {}): Position {
  return {
    ...{ symbol: "BTCUSDT", positionSide: "BOTH", quantity, entryPrice: "100", markPrice: "100" },
    ...{ unrealisedPnlUsd: "0", updateTimeMs: 1 },
    ...change,
  };
}

/** A long of 1 at a mark of 100, filled long ago, with nothing resting. */
function decide(change: Partial<StopInput>) {
  return decideStop({
    ...{ wanted: LONG, resting: [], positions: [position("1")], filledAtMs: 0, askedAtMs: 60_000 },
    ...{ mark: { price: "100", ageMs: 0 }, replaces: true },
    ...change,
  });
}

test.each<[string, Partial<StopInput>, StopDecision["kind"]]>([
  ["nothing rests", {}, "place"],
  ["the very stop rests", { resting: [stop()] }, "rests"],
  [
    "another of the same price rests",
    { resting: [stop({ clientAlgoId: "x", triggerPrice: "90.0" })] },
    "rests",
  ],
  ["one of another price rests", { resting: [stop({ triggerPrice: "80" })] }, "replace"],
  ["one without a price rests", { resting: [stop({ triggerPrice: null })] }, "replace"],
  ["two rest", { resting: [stop(), stop({ clientAlgoId: "x" })] }, "replace"],
  ["somebody else's may stay", { resting: [stop({ triggerPrice: "80" })], replaces: false }, "rests"],
  ["a take-profit is no stop", { resting: [stop({ orderType: "TAKE_PROFIT_MARKET" })] }, "place"],
  ["a stop of a part is no stop of the position", { resting: [stop({ closePosition: false })] }, "place"],
  ["the other direction's is none", { resting: [stop({ side: "BUY" })] }, "place"],
  ["the other leg's is none", { resting: [stop({ positionSide: "SHORT" })] }, "place"],
  ["another symbol's is none", { resting: [stop({ symbol: "ETHUSDT" })] }, "place"],
  ["what rests is unreadable", { resting: undefined }, "place"],
  ["the mark is at a long's stop", { mark: { price: "90", ageMs: 0 } }, "passed"],
  ["the mark is below a long's stop", { mark: { price: "89", ageMs: 0 } }, "passed"],
  ["the mark is above a short's stop", { ...short(), mark: { price: "111", ageMs: 0 } }, "passed"],
  ["the mark is below a short's stop", short(), "place"],
  ["a mark that is old says nothing", { mark: { price: "89", ageMs: 2001 } }, "place"],
  ["no mark", { mark: undefined }, "place"],
  [
    "the old stop stands, but the mark has passed the new one",
    { resting: [stop({ triggerPrice: "80" })], mark: { price: "89", ageMs: 0 } },
    "passed",
  ],
  ["nothing is open", { positions: [] }, "flat"],
  ["only the other direction is open", { positions: [position("-1")] }, "flat"],
  ["only another symbol is open", { positions: [position("1", { symbol: "ETHUSDT" })] }, "flat"],
  ["nothing is open yet: the reading may be behind the fill", { positions: [], askedAtMs: 2000 }, "place"],
  ["positions are unreadable", { positions: undefined }, "place"],
  ["recalled, and open", { recalled: true, askedAtMs: 2000 }, "place"],
  ["recalled, and nothing is open yet", { recalled: true, positions: [], askedAtMs: 2000 }, "look_again"],
  [
    "recalled, and only the other direction is open yet",
    { recalled: true, positions: [position("-1")], askedAtMs: 2000 },
    "look_again",
  ],
  ["recalled, and nothing is open", { recalled: true, positions: [] }, "flat"],
  ["recalled, and positions are unreadable", { recalled: true, positions: undefined }, "look_again"],
])("%s", (_name, change, expected) => {
  expect(decide(change).kind).toBe(expected);
});

function short(): Partial<StopInput> {
  return { wanted: SHORT, positions: [position("-1")] };
}

test("of a position that is closed only our own stop is taken away", () => {
  const resting = [stop(), stop({ clientAlgoId: "x" })];
  expect(decide({ positions: [], resting })).toEqual({ kind: "flat", ours: [stop()] });
});
