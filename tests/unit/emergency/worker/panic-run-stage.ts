import { openPanicBook } from "../../../../lib/emergency/worker/panic-book.ts";
import type { PanicJournal } from "../../../../lib/emergency/worker/panic-journal.ts";
import { openRun } from "../../../../lib/emergency/worker/panic-memory.ts";
import { PanicRun } from "../../../../lib/emergency/worker/panic-run.ts";
import type { PanicVenue } from "../../../../lib/emergency/worker/worker-parts.ts";
import type { Position } from "../../../../lib/exchange/exchange.ts";
import type { Outcome } from "../../../../lib/exchange/outcome-classes.ts";
import { POSITION_LAG_MS_MAX } from "../../../../lib/exchange/position-lag.ts";
import { keptLog } from "../../../support/quiet-log.ts";

const RECV_WINDOW_MS = 2000;
/** Until an entry signed before the staged run's halt has arrived, and positions name it. */
export const HALT_WAIT_MS = RECV_WINDOW_MS + POSITION_LAG_MS_MAX;
/** A reading that succeeded. */
export const ok = <T>(value: T) => ({ ok: true, value }) as const;
/** An outcome of class FINAL. */
export const refusal = (row: Outcome["row"], advice: Outcome["advice"], code = -2015): Outcome => ({
  ...{ row, class: "FINAL", phase: "rejected", retryable: false, advice },
  ...{ httpStatus: 400, code, message: "refused", retryAfterMs: null },
});

/** A flat venue in a time that moves only when somebody sleeps; each method may be replaced. */
export function stage(
  change: Partial<PanicVenue> = {},
  giveHalt = async (): Promise<void> => undefined,
  append: PanicJournal["append"] = async () => true,
) {
  let nowMs = 1_000_000;
  let skewMs = 0;
  const asked: { readonly name: string; readonly atMs: number }[] = [];
  const note = (name: string) => asked.push({ name, atMs: nowMs });
  const clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    // A race's loser must not move the time: only what is waited for does.
    sleep: async (ms: number, signal?: AbortSignal) => {
      await Bun.sleep(0);
      if (!signal?.aborted) nowMs += ms;
    },
  };
  const venue: PanicVenue = {
    account: () => ({ fingerprint: "f", hedgeMode: false }),
    admit: () => ({ kind: "ok" }),
    cancelAll: async () => ok(null),
    cancelAlgo: async () => ok(null),
    cancelAllAlgo: async () => ok(null),
    clockSkewMs: () => skewMs,
    openAlgoOrders: async () => {
      note("conditional");
      return ok([]);
    },
    openOrders: async () => {
      note("plain");
      return ok([]);
    },
    positions: async () => {
      note("positions");
      return ok([]);
    },
    queryOrder: async () => ({ kind: "absent" }),
    refreshRules: async () => ok(1),
    rules: () => undefined,
    serverNowMs: () => nowMs,
    submitOrder: async () => ({
      ...{ phase: "rejected", retryable: false },
      outcome: refusal("CREDENTIALS", "STOP_ENTRIES"),
    }),
    syncClock: async () => {
      note("clock");
      skewMs = 5;
      return ok({ offsetMs: 0, errorMs: 5 });
    },
    ...change,
  };
  const book = openPanicBook({ records: [], append });
  const event = { event_id: "p", reason: "R", severity: "CRITICAL", issued_by: "ops", ts: 1 } as const;
  void book.write({ type: "accepted", at_ms: nowMs, event, via: "socket", joins: null });
  const panic = openRun(book.memory);
  if (panic === undefined) throw new Error("no panic");
  const log = keptLog();
  const stop = new AbortController();
  const parts = {
    ...{ venue, book, clock, log, recvWindowMs: RECV_WINDOW_MS, signal: stop.signal },
    pace: { run: <T>(_: object, task: (sending: () => void) => Promise<T>) => task(() => {}) },
    observe: { orderEnded: () => {} },
    giveHalt,
    venueTried: async () => undefined,
    lastKnown: () => [],
  };
  return {
    ...{ asked, log, book, panic, stop, parts },
    startedMs: nowMs,
    now: () => nowMs,
    /** The venue takes so long over a request. */
    take: (ms: number) => clock.sleep(ms),
    setSkew: (ms: number) => {
      skewMs = ms;
    },
    run: new PanicRun(parts, panic),
  };
}

/** One ETHUSDT long. */
export const position: Position = {
  symbol: "ETHUSDT",
  positionSide: "BOTH",
  ...{ quantity: "1", entryPrice: "1", markPrice: "1", unrealisedPnlUsd: "0", updateTimeMs: 0 },
};
