import { describe, expect, test } from "bun:test";
import { cancelOpening } from "../../../../lib/emergency/worker/cancel-orders.ts";
import { cancelResting, cancelUnread, NOT_READ } from "../../../../lib/emergency/worker/cancel-resting.ts";
import type { VenuePace } from "../../../../lib/emergency/worker/venue-pace.ts";
import type { AlgoOrder, ListReading, RestingOrder } from "../../../../lib/exchange/exchange.ts";
import type { Outcome } from "../../../../lib/exchange/outcome-classes.ts";

const pace: VenuePace = { run: (_, task) => task(() => {}) };
const REFUSED: Outcome = {
  ...{ row: "HTTP_UNKNOWN", class: "UNKNOWN", phase: "ambiguous", retryable: true, advice: "NONE" },
  ...{ httpStatus: 502, code: null, message: "bad gateway", retryAfterMs: null },
};
const FAILED = { ok: false, outcome: REFUSED } as const;
const EMPTY = { ok: true, value: [] } as const;
const NEVER = new Promise<never>(() => undefined);

/** Patience ends when the test says so. */
function patience() {
  const over = Promise.withResolvers<void>();
  const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: () => over.promise };
  return { clock, end: () => over.resolve() };
}

const algoOrder = (symbol: string, clientAlgoId: string, closePosition = false): AlgoOrder => ({
  ...{ symbol, clientAlgoId, closePosition, algoId: clientAlgoId, status: "NEW", orderType: "STOP_MARKET" },
  ...{ side: "BUY", positionSide: "BOTH", triggerPrice: "1", quantity: "1", reduceOnly: false },
});

/** A venue that notes what it is asked; `refused` are the cancels that it does not take. */
function stage(
  lists: {
    readonly plain?: Promise<ListReading<RestingOrder>> | ListReading<RestingOrder>;
    readonly conditional?: Promise<ListReading<AlgoOrder>> | ListReading<AlgoOrder>;
  } = {},
  refused: readonly string[] = [],
) {
  const noted: string[] = [];
  const answer = async <T>(name: string, value: T): Promise<T> => {
    noted.push(name);
    await Bun.sleep(1);
    noted.push(`${name} answered`);
    return value;
  };
  const cancelled = (name: string) =>
    answer(name, refused.includes(name) ? FAILED : ({ ok: true, value: null } as const));
  const { clock, end } = patience();
  const venue = {
    openAlgoOrders: async () => answer("conditional", await (lists.conditional ?? EMPTY)),
    openOrders: async () => answer("plain", await (lists.plain ?? EMPTY)),
    cancelAll: (symbol: string) => cancelled(symbol),
    cancelAlgo: (id: string) => cancelled(id),
    cancelAllAlgo: (symbol: string) => cancelled(`all conditional of ${symbol}`),
  };
  return { noted, end, parts: { venue, pace, clock } };
}

describe("what rests at the venue", () => {
  test("is read at once, unless it is to prove that all is flat", async () => {
    const { parts, noted } = stage();
    await cancelResting(parts, false);
    expect(noted.slice(0, 2)).toEqual(["conditional", "plain"]);
  });

  test("is read conditional orders first for a proof: one that triggers meanwhile is a plain one by then", async () => {
    const { parts, noted } = stage();
    await cancelResting(parts, true);
    expect(noted).toEqual(["conditional", "conditional answered", "plain", "plain answered"]);
  });

  test.each([
    ["plain", { plain: FAILED, conditional: { ok: true, value: [algoOrder("B", "b1")] } }, "b1"],
    ["conditional", { conditional: FAILED, plain: { ok: true, value: [{ symbol: "A" }] } }, "A"],
  ] as const)("is cancelled of one list where %s orders cannot be read", async (name, lists, cancelled) => {
    for (const inOrder of [false, true]) {
      const { parts, noted } = stage(lists);
      const report = await cancelResting(parts, inOrder);
      expect(noted).toContain(`${cancelled} answered`);
      expect(report).toMatchObject({ resting: undefined, troubles: 1 });
      expect(report.trouble).toBe(`${name} orders unreadable: HTTP_UNKNOWN bad gateway`);
    }
  });

  test("is cancelled of a list with an odd row, and is not known to be all", async () => {
    const { parts, noted } = stage({ plain: { ...FAILED, sound: [{ symbol: "A" }] } });
    const report = await cancelResting(parts, false);
    expect(noted).toContain("A answered");
    expect([report.resting, report.unread, report.named]).toEqual([
      undefined,
      { plain: true, conditional: false },
      ["A"],
    ]);
  });

  test("is cancelled of one list while the other hangs, which holds up nothing for longer than patience", async () => {
    const { parts, noted, end } = stage({
      conditional: NEVER,
      plain: { ok: true, value: [{ symbol: "A" }] },
    });
    const cancelling = cancelResting(parts, false);
    while (!noted.includes("A answered")) await Bun.sleep(0);
    end();
    expect((await cancelling).unread).toEqual({ plain: false, conditional: true });
  });

  test("and could not be cancelled is said by symbol", async () => {
    const plan = { symbols: ["A", "B"], conditional: [{ symbol: "C", clientAlgoId: "c1" }] };
    const failures = await cancelOpening(stage({}, ["B", "c1"]).parts, plan);
    expect(failures.map(({ symbol }) => symbol)).toEqual(["B", "C"]);
  });
});

describe("orders that no list names", () => {
  const symbols = { known: ["A", "B"], isFlat: (symbol: string) => symbol === "B" };
  const asked = (noted: readonly string[]) => noted.filter((name) => !name.endsWith("answered")).sort();

  test.each([
    ["nothing where both lists were read", { plain: false, conditional: false }, []],
    ["plain ones of every symbol", { plain: true, conditional: false }, ["A", "B", "C"]],
    [
      "conditional ones only where the symbol is flat: one may be the stop of an open position",
      { plain: false, conditional: true },
      ["all conditional of B"],
    ],
  ])("are cancelled by symbol: %s", async (_name, unread, expected) => {
    const { parts, noted } = stage();
    await cancelUnread(parts, { ...NOT_READ, unread, named: ["C", "A"] }, symbols);
    expect(asked(noted)).toEqual(expected);
  });

  test("hold up nothing when they cannot be cancelled", async () => {
    const { parts, end } = stage();
    const venue = { ...parts.venue, cancelAll: () => NEVER };
    const unread = { plain: true, conditional: false };
    const cancelling = cancelUnread({ ...parts, venue }, { ...NOT_READ, unread }, symbols);
    end();
    await cancelling;
  });
});
