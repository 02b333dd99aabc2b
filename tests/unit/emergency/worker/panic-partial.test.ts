import { describe, expect, test } from "bun:test";
import { buildCompletion } from "../../../../lib/emergency/worker/build-completion.ts";
import type { PanicVenue } from "../../../../lib/emergency/worker/worker-parts.ts";
import type { ListReading, Position } from "../../../../lib/exchange/exchange.ts";
import { ok, position, refusal, stage } from "./panic-run-stage.ts";

const unread = { ok: false, outcome: refusal("UNRECOGNISED", "NONE") } as const;

/** A run whose positions are read so, one after the other; it is stopped at the fortieth reading. */
async function runWith(readings: readonly ListReading<Position>[], change: Partial<PanicVenue> = {}) {
  let reads = 0;
  const closed: string[] = [];
  const positions: PanicVenue["positions"] = async () => {
    reads += 1;
    if (reads === 40) at.stop.abort();
    return readings[Math.min(reads, readings.length) - 1] ?? ok([]);
  };
  const submitOrder: PanicVenue["submitOrder"] = async ({ symbol, clientOrderId }) => {
    closed.push(symbol);
    const order = { symbol, clientOrderId, orderId: "1", status: "FILLED", side: "SELL" } as const;
    const filled = {
      positionSide: "BOTH",
      reduceOnly: true,
      originalQuantity: "1",
      executedQuantity: "1",
    } as const;
    return { phase: "accepted", order: { ...order, ...filled, averagePrice: null, updateTimeMs: 1 } };
  };
  const at = stage({ positions, submitOrder, ...change });
  const end = await at.run.untilEnd();
  const completion = buildCompletion(at.panic, at.run.view(), { status: "failed", nowMs: at.now() });
  return { end, closed, completion, timeToFlatMs: at.run.timeToFlatMs() };
}

describe("a panic that reads a part of the venue", () => {
  test("closes what it can read, and is not flat while a row cannot be read", async () => {
    const { end, closed, completion, timeToFlatMs } = await runWith([
      { ...unread, sound: [position] },
      { ...unread, sound: [] },
    ]);
    expect([end, closed, timeToFlatMs]).toEqual(["stopped", ["ETHUSDT"], undefined]);
    expect(completion).toMatchObject({
      positions_total: 1,
      positions_closed: 0,
      failed_symbols: ["ETHUSDT"],
    });
    expect(completion.detail).toContain("positions unreadable");
  });

  test("calls no position closed because a reading that lacks a row does not name it", async () => {
    const other = { ...position, symbol: "BTCUSDT" };
    const { completion } = await runWith([ok([position, other]), { ...unread, sound: [other] }]);
    expect(completion).toMatchObject({ positions_total: 2, positions_closed: 0 });
  });

  test("calls a position closed of which a whole reading said so, and names every symbol for the odd row", async () => {
    const { completion } = await runWith([ok([position]), ok([]), { ...unread, sound: [] }]);
    expect(completion).toMatchObject({ positions_total: 1, positions_closed: 1, failed_symbols: ["*"] });
  });

  test.each(["openOrders", "openAlgoOrders"] as const)(
    "is not flat while %s cannot be read",
    async (name) => {
      const { end, closed, completion } = await runWith([ok([position]), ok([])], {
        [name]: async () => unread,
      });
      expect([end, closed]).toEqual(["stopped", ["ETHUSDT"]]);
      expect(completion.detail).toContain("orders unreadable");
    },
  );

  test("is flat once all can be read", async () => {
    const { end } = await runWith([{ ...unread, sound: [position] }, { ...unread, sound: [] }, ok([])]);
    expect(end).toBe("flat");
  });
});
