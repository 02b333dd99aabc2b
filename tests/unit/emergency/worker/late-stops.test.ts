import { describe, expect, test } from "bun:test";
import { removeLateStops } from "../../../../lib/emergency/worker/late-stops.ts";
import type { AlgoOrder, Position, Reading } from "../../../../lib/exchange/exchange.ts";
import type { Outcome } from "../../../../lib/exchange/outcome-classes.ts";
import { POSITION_LAG_MS_MAX } from "../../../../lib/exchange/position-lag.ts";

const NO_REPLY: Outcome = {
  ...{ row: "NO_REPLY", class: "UNKNOWN", phase: "ambiguous", retryable: true, advice: "NONE" },
  ...{ httpStatus: null, code: null, message: "", retryAfterMs: null },
};
const stop = (symbol: string, more: Partial<AlgoOrder> = {}): AlgoOrder => ({
  ...{ symbol, algoId: symbol, clientAlgoId: `${symbol}-s`, status: "NEW", orderType: "STOP_MARKET" },
  ...{ side: "SELL", positionSide: "BOTH", triggerPrice: "1", quantity: null },
  ...{ closePosition: true, reduceOnly: false, ...more },
});
const position = (symbol: string, more: Partial<Position> = {}): Position => ({
  ...{ symbol, positionSide: "BOTH", quantity: "1", entryPrice: "1", markPrice: "1" },
  ...{ unrealisedPnlUsd: "0", updateTimeMs: 0, ...more },
});

/** What is cancelled, and in which order the venue was asked. */
async function swept(at: {
  stops: Reading<readonly AlgoOrder[]>;
  /** As they are read at a time after the stops were. */
  positions: Reading<readonly Position[]> | ((atMs: number) => readonly Position[]);
  /** Until when the halt stands and no panic runs. */
  overUntilMs?: number;
}): Promise<string[]> {
  const asked: string[] = [];
  let nowMs = 0;
  const answer = <T>(name: string, value: T) => {
    asked.push(name);
    nowMs += 1;
    return Promise.resolve(value);
  };
  const parts = {
    venue: {
      admit: () => ({ kind: "ok" }) as const,
      openAlgoOrders: () => answer("stops", at.stops),
      positions: () =>
        answer("positions", typeof at.positions === "function" ? read(at.positions(nowMs)) : at.positions),
      cancelAlgo: (id: string) => answer(`cancel ${id}`, { ok: true, value: null } as const),
    },
    clock: {
      sleep: async (ms: number) => {
        nowMs += ms;
      },
    },
    log: { warn: () => undefined },
    isOver: () => nowMs <= (at.overUntilMs ?? Number.POSITIVE_INFINITY),
  };
  await removeLateStops(parts, new AbortController().signal);
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
      stop("A", { side: "BUY", positionSide: "SHORT", clientAlgoId: "short-s" }),
    ]);
    const positions = read([position("A", { positionSide: "LONG" })]);
    expect(await swept({ stops, positions })).toEqual(["stops", "positions", "cancel short-s"]);
  });

  test.each([
    ["1", "SELL", []],
    ["-1", "BUY", []],
    ["-1", "SELL", ["cancel A-s"]],
    ["1", "BUY", ["cancel A-s"]],
  ] as const)(
    "beside a position of %s a %s stop counts as one that guards it, or goes: %p",
    async (quantity, side, gone) => {
      const [, , ...cancelled] = await swept({
        stops: read([stop("A", { side })]),
        positions: read([position("A", { quantity })]),
      });
      expect(cancelled).toEqual([...gone]);
    },
  );

  test("a stop stays whose position the list names as late as a list may", async () => {
    const named = (atMs: number) => (atMs > POSITION_LAG_MS_MAX ? [position("A")] : []);
    expect(await swept({ stops: read([stop("A")]), positions: named })).toEqual(["stops", "positions"]);
  });

  test("positions that could not be read are not none, and a new panic is not disturbed", async () => {
    const stops = read([stop("A")]);
    const failed = { ok: false, outcome: NO_REPLY } as const;
    expect(await swept({ stops, positions: failed })).toEqual(["stops", "positions"]);
    expect(await swept({ stops: failed, positions: read([]) })).toEqual(["stops"]);
    expect(await swept({ stops, positions: read([]), overUntilMs: 1 })).toEqual(["stops"]);
    const overUntilMs = 1 + POSITION_LAG_MS_MAX;
    expect(await swept({ stops, positions: read([]), overUntilMs })).toEqual(["stops", "positions"]);
  });
});
