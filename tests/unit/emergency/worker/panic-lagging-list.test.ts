/** What a panic believes of a venue whose list of positions names a fill later than it happened. */
import { expect, test } from "bun:test";
import { OpenersWatch } from "../../../../lib/emergency/worker/openers-watch.ts";
import type { PanicVenue } from "../../../../lib/emergency/worker/worker-parts.ts";
import type { AlgoOrder, Position } from "../../../../lib/exchange/exchange.ts";
import { POSITION_LAG_MS_MAX } from "../../../../lib/exchange/position-lag.ts";
import { HALT_WAIT_MS, ok, position, refusal, stage } from "./panic-run-stage.ts";

/** The last moment at which an entry signed before the halt may fill. */
const LAST_FILL_MS = HALT_WAIT_MS - POSITION_LAG_MS_MAX;
/** As long as the staged run waits between readings while it settles. */
const POLL_MS = 250;
const STOP: AlgoOrder = {
  ...{ symbol: "ETHUSDT", algoId: "1", clientAlgoId: "s1", status: "NEW", orderType: "STOP_MARKET" },
  ...{ side: "SELL", positionSide: "BOTH", triggerPrice: "1", quantity: null },
  ...{ closePosition: true, reduceOnly: false },
};
const LIMIT = { symbol: "ETHUSDT" } as const;
const UNREADABLE = { ok: false, outcome: refusal("HTTP_UNKNOWN", "NONE") } as const;

/** An ETHUSDT long with its stop: filled at `filledMs` after the halt, named by the list as late as a list may be. */
function lagging(filledMs: number, lists: (at: { now(): number; startedMs: number }) => Partial<PanicVenue>) {
  const seen = { closedMs: 0, unguardedMs: 0 };
  const sinceHalt = () => at.now() - at.startedMs;
  const unguard = async () => {
    seen.unguardedMs ||= sinceHalt();
    return ok(null);
  };
  const open = (): readonly Position[] =>
    seen.closedMs === 0 && sinceHalt() >= filledMs + POSITION_LAG_MS_MAX ? [position] : [];
  const at: ReturnType<typeof stage> = stage({
    positions: async () => ok(open()),
    openAlgoOrders: async () => ok(sinceHalt() >= filledMs && seen.unguardedMs === 0 ? [STOP] : []),
    cancelAlgo: unguard,
    cancelAllAlgo: unguard,
    submitOrder: async ({ symbol, clientOrderId }) => {
      seen.closedMs = sinceHalt();
      const order = { symbol, clientOrderId, orderId: "1", status: "FILLED", side: "SELL" } as const;
      const sizes = { originalQuantity: "1", executedQuantity: "1", averagePrice: null, updateTimeMs: 1 };
      return { phase: "accepted", order: { ...order, ...sizes, positionSide: "BOTH", reduceOnly: true } };
    },
    ...lists({ now: () => at.now(), startedMs: 1_000_000 }),
  });
  return { at, seen, shownMs: filledMs + POSITION_LAG_MS_MAX };
}

test.each([
  ["right after the halt", 1],
  ["a second after it", 1000],
  ["at the end of its receive window", LAST_FILL_MS],
])(
  "an entry that fills %s is closed as soon as the list names it, and keeps its stop till then",
  async (_, ms) => {
    const { at, seen, shownMs } = lagging(ms, () => ({}));
    expect(await at.run.untilEnd()).toBe("flat");
    expect(seen.closedMs).toBeGreaterThanOrEqual(shownMs);
    expect(seen.closedMs).toBeLessThanOrEqual(shownMs + POLL_MS);
    expect(seen.unguardedMs).toBeGreaterThanOrEqual(seen.closedMs);
  },
);

test("a resting order that fills as it is cancelled, long after the halt, is no sign of being flat", async () => {
  const filledMs = HALT_WAIT_MS + 1000;
  let cancelled = false;
  const { at, seen, shownMs } = lagging(filledMs, ({ now, startedMs }) => ({
    openOrders: async () => ok(!cancelled && now() - startedMs >= HALT_WAIT_MS - POLL_MS ? [LIMIT] : []),
    cancelAll: async () => {
      // It fills while the venue takes its time over the cancel.
      await at.take(filledMs - (now() - startedMs));
      cancelled = true;
      return ok(null);
    },
  }));
  expect(await at.run.untilEnd()).toBe("flat");
  expect(seen.closedMs).toBeGreaterThanOrEqual(shownMs);
});

test("conditional orders that no list names are not cancelled by symbol before the list of positions is of use", async () => {
  let readable = false;
  const { at, seen, shownMs } = lagging(1000, ({ now, startedMs }) => ({
    openAlgoOrders: async () => {
      readable ||= now() - startedMs >= 2 * HALT_WAIT_MS;
      return readable ? ok([]) : UNREADABLE;
    },
    openOrders: async () => (readable ? ok([]) : { ...UNREADABLE, sound: [LIMIT] }),
  }));
  expect(await at.run.untilEnd()).toBe("flat");
  expect([seen.closedMs >= shownMs, seen.unguardedMs >= seen.closedMs]).toEqual([true, true]);
});

test("an order that could not be cancelled may have filled just before it is seen no more", () => {
  const resting = (opening: number) => ({ symbols: [], conditional: [], stops: [], opening });
  const openers = new OpenersWatch(0);
  openers.note({ resting: resting(1), uncancelled: ["ETHUSDT"] }, 1000);
  openers.note({ resting: resting(0), uncancelled: [] }, 2000);
  expect(openers.settledInMs(2000)).toBe(POSITION_LAG_MS_MAX);
  openers.note({ resting: resting(0), uncancelled: [] }, 3000);
  expect(openers.settledInMs(3000)).toBe(POSITION_LAG_MS_MAX - 1000);
});
