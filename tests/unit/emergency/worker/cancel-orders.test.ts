import { describe, expect, test } from "bun:test";
import { cancelOpening, readResting } from "../../../../lib/emergency/worker/cancel-orders.ts";
import type { VenuePace } from "../../../../lib/emergency/worker/venue-pace.ts";
import type { Outcome } from "../../../../lib/exchange/outcome-classes.ts";

const NO_PACE: VenuePace = { run: (_, task) => task(() => {}) };
const REFUSED: Outcome = {
  ...{ row: "HTTP_UNKNOWN", class: "UNKNOWN", phase: "ambiguous", retryable: true, advice: "NONE" },
  ...{ httpStatus: 502, code: null, message: "bad gateway", retryAfterMs: null },
};

/** A venue that notes what it is asked, and answers a moment later. */
function venue(refused: readonly string[] = []) {
  const noted: string[] = [];
  const answer = async <T>(name: string, value: T) => {
    noted.push(`${name} asked`);
    await Bun.sleep(1);
    noted.push(`${name} answered`);
    if (refused.includes(name)) return { ok: false, outcome: REFUSED } as const;
    return { ok: true, value } as const;
  };
  return {
    noted,
    openAlgoOrders: () => answer("conditional", []),
    openOrders: () => answer("plain", []),
    cancelAll: (symbol: string) => answer(symbol, null),
    cancelAlgo: (id: string) => answer(id, null),
  };
}

describe("what rests at the venue", () => {
  test("is read at once, unless it is to prove that all is flat", async () => {
    const at = venue();
    await readResting({ venue: at, pace: NO_PACE }, false);
    expect(at.noted.slice(0, 2)).toEqual(["conditional asked", "plain asked"]);
  });

  test("is read conditional orders first for a proof: one that triggers meanwhile is a plain one by then", async () => {
    const at = venue();
    await readResting({ venue: at, pace: NO_PACE }, true);
    expect(at.noted).toEqual(["conditional asked", "conditional answered", "plain asked", "plain answered"]);
  });

  test.each(["conditional", "plain"])("is not known when %s orders could not be read", async (name) => {
    const reading = await readResting({ venue: venue([name]), pace: NO_PACE }, false);
    expect(reading).toEqual({ ok: false, trouble: "orders unreadable: HTTP_UNKNOWN bad gateway" });
  });

  test("and could not be cancelled is said by symbol", async () => {
    const plan = { symbols: ["A", "B"], conditional: [{ symbol: "C", clientAlgoId: "c1" }] };
    const failures = await cancelOpening({ venue: venue(["B", "c1"]), pace: NO_PACE }, plan);
    expect(failures.map(({ symbol }) => symbol)).toEqual(["B", "C"]);
  });
});
