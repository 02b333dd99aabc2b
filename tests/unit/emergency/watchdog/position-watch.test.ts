import { expect, test } from "bun:test";
import { systemClock } from "../../../../lib/daemon/clock.ts";
import { PositionWatch } from "../../../../lib/emergency/watchdog/position-watch.ts";
import { WatchClock } from "../../../../lib/emergency/watchdog/watch-clock.ts";
import type { Exchange, Position } from "../../../../lib/exchange/exchange.ts";
import type { Outcome } from "../../../../lib/exchange/outcome-classes.ts";
import { keptLog } from "../../../support/quiet-log.ts";
import { waitUntil } from "../../../support/wait-until.ts";

type Positions = Awaited<ReturnType<Exchange["positions"]>>;

const POSITION: Position = {
  symbol: "BTCUSDT",
  positionSide: "BOTH",
  quantity: "1",
  entryPrice: "1",
  markPrice: "1",
  unrealisedPnlUsd: "0",
  updateTimeMs: 0,
};
const open = (count: number): Positions => ({
  ok: true,
  value: Array.from({ length: count }, () => POSITION),
});
const failed = (outcome: Partial<Outcome>): Extract<Positions, { ok: false }> => ({
  ok: false,
  outcome: {
    ...{ class: "UNKNOWN", phase: "ambiguous", retryable: false, advice: "NONE", row: "NO_REPLY" },
    ...{ httpStatus: null, code: null, message: "no answer", retryAfterMs: null },
    ...outcome,
  },
});

/** A watch whose reads the test answers; the machine's pace is a hundred times that of a clock. */
async function watchedBy(run: (stage: Stage) => Promise<void>): Promise<void> {
  const asked: ((reading: Positions) => void)[] = [];
  const watchClock = new WatchClock(() => systemClock.monotonicMs());
  const watch = new PositionWatch({
    exchange: {
      syncClock: async () => ({ ok: true, value: { offsetMs: 0, errorMs: 0 } }),
      positions: () => {
        const { promise, resolve } = Promise.withResolvers<Positions>();
        asked.push(resolve);
        return promise;
      },
    },
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) },
    watchClock,
    log: keptLog(),
  });
  const stop = new AbortController();
  const running = watch.run(stop.signal);
  try {
    await run({ watch, asked });
  } finally {
    stop.abort();
    for (const answer of asked) answer(open(0));
    await running;
  }
}

interface Stage {
  readonly watch: PositionWatch;
  /** Reads in the order in which they were asked for. */
  readonly asked: ((reading: Positions) => void)[];
}

test("reads go on while earlier ones hang, four at most, and a late answer replaces no newer one", async () => {
  await watchedBy(async ({ watch, asked }) => {
    expect(watch.view().kind).toBe("unknown");
    await waitUntil("four reads are on their way", () => asked.length === 4);
    await systemClock.sleep(60);
    expect(asked.length).toBe(4);
    asked[2]?.(open(2));
    await waitUntil("the third is seen", () => watch.view().kind === "open");
    asked[0]?.(open(0));
    asked[1]?.(failed({}));
    await systemClock.sleep(20);
    expect(watch.view()).toMatchObject({ kind: "open", count: 2 });
    asked[3]?.(open(0));
    await waitUntil("the fourth is seen", () => watch.view().kind === "flat");
    expect(watch.dependency()).toEqual({ name: "venue", ok: true, detail: "flat" });
  });
});

test.each([
  ["no reply", {}, false, false],
  ["a gateway's 502", { row: "HTTP_UNKNOWN", httpStatus: 502 }, false, false],
  ["credentials refused", { row: "CREDENTIALS", class: "FINAL", httpStatus: 401, code: -2015 }, true, false],
  ["a limit", { row: "HTTP_LIMITED", class: "LIMITED", httpStatus: 429 }, false, true],
  [
    "a ban that says so",
    { row: "HTTP_LIMITED", class: "LIMITED", httpStatus: 418, code: -1003 },
    false,
    true,
  ],
  ["our own budget", { row: "WITHHELD", class: "LIMITED" }, false, true],
] as const)(
  "%s makes the count unknown; whether the venue spoke of it, or of a limit, is another question",
  async (_, outcome, spoke, limited) => {
    await watchedBy(async ({ watch, asked }) => {
      await waitUntil("a read is asked for", () => asked.length > 1);
      asked[0]?.(open(1));
      await waitUntil("it is seen", () => watch.view().kind === "open");
      await systemClock.sleep(40);
      const silentMs = watch.venue().silentMs;
      asked[1]?.(failed(outcome));
      await waitUntil("the count is unknown", () => watch.view().kind === "unknown");
      expect(watch.view()).toMatchObject({ lastCount: 1 });
      expect(watch.venue().silentMs < silentMs).toBe(spoke);
      expect(watch.venue().limited).toBe(limited);
      expect(watch.dependency()).toMatchObject({ ok: false });
    });
  },
);

test("a row that cannot be read counts as a position, and the venue has spoken", async () => {
  await watchedBy(async ({ watch, asked }) => {
    await waitUntil("a read is asked for", () => asked.length > 1);
    asked[0]?.(open(0));
    await waitUntil("it is seen", () => watch.view().kind === "flat");
    await systemClock.sleep(40);
    const answeredAtMs = () => systemClock.monotonicMs() - watch.venue().silentMs;
    const beforeMs = answeredAtMs();
    asked[1]?.({ ...failed({ row: "UNRECOGNISED", httpStatus: 200 }), sound: [POSITION] });
    await waitUntil("it is seen", () => watch.view().kind !== "flat");
    expect(watch.view()).toMatchObject({ kind: "open", count: 2 });
    expect(answeredAtMs() - beforeMs).toBeGreaterThan(20);
  });
});
