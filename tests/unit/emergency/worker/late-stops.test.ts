import { describe, expect, test } from "bun:test";
import { removeLateStops } from "../../../../lib/emergency/worker/late-stops.ts";
import type { AlgoOrder, Position, Reading } from "../../../../lib/exchange/exchange.ts";
import type { Outcome } from "../../../../lib/exchange/outcome-classes.ts";

const NO_REPLY: Outcome = {
  ...{ row: "NO_REPLY", class: "UNKNOWN", phase: "ambiguous", retryable: true, advice: "NONE" },
  ...{ httpStatus: null, code: null, message: "", retryAfterMs: null },
};
const stop = (symbol: string, more: Partial<AlgoOrder> = {}): AlgoOrder => ({
  ...{ symbol, algoId: symbol, clientAlgoId: `${symbol}-s`, status: "NEW", orderType: "STOP_MARKET" },
  ...{ side: "SELL", positionSide: "BOTH", triggerPrice: "1", quantity: null },
  ...{ closePosition: true, reduceOnly: false, ...more },
});
const position = (symbol: string, positionSide: Position["positionSide"] = "BOTH"): Position => ({
  ...{ symbol, positionSide, quantity: "1", entryPrice: "1", markPrice: "1" },
  ...{ unrealisedPnlUsd: "0", updateTimeMs: 0 },
});

/** What is cancelled, and in which order the venue was asked. */
async function swept(at: {
  stops: Reading<readonly AlgoOrder[]>;
  positions: Reading<readonly Position[]>;
  over?: boolean;
}): Promise<string[]> {
  const asked: string[] = [];
  const answer = <T>(name: string, value: T) => {
    asked.push(name);
    return Promise.resolve(value);
  };
  await removeLateStops({
    venue: {
      admit: () => ({ kind: "ok" }),
      openAlgoOrders: () => answer("stops", at.stops),
      positions: () => answer("positions", at.positions),
      cancelAlgo: (id) => answer(`cancel ${id}`, { ok: true, value: null }),
    },
    clock: { sleep: () => Promise.resolve() },
    log: { warn: () => undefined },
    isOver: () => at.over ?? true,
  });
  return asked;
}
const read = <T>(value: T): Reading<T> => ({ ok: true, value });

describe("after a panic", () => {
  test("a stop without a position goes; one that guards a position stays, as does what is no closing stop", async () => {
    const foreign = stop("D", { clientAlgoId: "web_d" });
    const stops = read([stop("A"), stop("B"), stop("C", { closePosition: false }), foreign]);
    expect(await swept({ stops, positions: read([position("B")]) })).toEqual([
      "stops",
      "positions",
      "cancel A-s",
    ]);
  });

  test("in hedge mode the side decides", async () => {
    const stops = read([
      stop("A", { positionSide: "LONG" }),
      stop("A", { positionSide: "SHORT", clientAlgoId: "short-s" }),
    ]);
    const positions = read([position("A", "LONG")]);
    expect(await swept({ stops, positions })).toEqual(["stops", "positions", "cancel short-s"]);
  });

  test("positions that could not be read are not none, and a new panic is not disturbed", async () => {
    const stops = read([stop("A")]);
    const failed = { ok: false, outcome: NO_REPLY } as const;
    expect(await swept({ stops, positions: failed })).toEqual(["stops", "positions"]);
    expect(await swept({ stops: failed, positions: read([]) })).toEqual(["stops"]);
    expect(await swept({ stops, positions: read([]), over: false })).toEqual(["stops", "positions"]);
  });
});
