import { expect, test } from "bun:test";
import { protectiveStopId } from "../../../lib/exchange/client-order-id.ts";
import type { AlgoOrder, SubmitOutcome } from "../../../lib/exchange/exchange.ts";
import type { Outcome } from "../../../lib/exchange/outcome-classes.ts";
import { Background } from "../../../lib/exits/background.ts";
import { StopKeeper } from "../../../lib/exits/stop-keeper.ts";
import { newWatch, type Watch } from "../../../lib/exits/watch.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { LONG_PLAN, LONG_POSITION } from "./exit-fixtures.ts";

const NEW_ID = protectiveStopId(LONG_PLAN.intentId);
const OLD_ID = protectiveStopId("an earlier plan");

function outcome(code: number, change: Partial<Outcome> = {}): Outcome {
  return {
    row: "REFUSED_BY_RULE",
    class: "FINAL",
    phase: "rejected",
    retryable: false,
    advice: "NONE",
    httpStatus: 400,
    code,
    message: "",
    retryAfterMs: null,
    ...change,
  };
}

const resting = (clientAlgoId: string, change: Partial<AlgoOrder> = {}): AlgoOrder => ({
  symbol: "BTCUSDT",
  algoId: clientAlgoId,
  clientAlgoId,
  status: "NEW",
  orderType: "STOP_MARKET",
  side: "SELL",
  positionSide: "BOTH",
  triggerPrice: "90",
  quantity: null,
  closePosition: true,
  reduceOnly: true,
  ...change,
});

/**
 * A venue that keeps stops and answers a placement with what the script says: a code refuses it, undefined takes
 * it. `acts` is what was done to it, in order.
 */
function venueOf(before: readonly AlgoOrder[], script: readonly (Outcome | undefined)[] = []) {
  const orders = new Map(before.map((order) => [order.clientAlgoId, order]));
  const acts: string[] = [];
  const answers = [...script];
  const now = { ms: 10_000 };
  const log = keptLog();
  const background = new Background();
  const told: string[] = [];
  const keeper = new StopKeeper({
    exchange: {
      admit: () => ({ kind: "ok" }),
      rules: () => ({
        ...{ symbol: "BTCUSDT", status: "TRADING", quoteAsset: "USDT", tickSize: "0.1" },
        ...{ priceMin: "0.1", priceMax: "100000", minNotionalUsd: "5" },
        lot: { min: "0.001", max: "100", step: "0.001" },
        marketLot: { min: "0.001", max: "100", step: "0.001" },
      }),
      serverNowMs: () => now.ms,
      openAlgoOrders: () => {
        acts.push("read");
        return Promise.resolve({ ok: true, value: [...orders.values()] });
      },
      placeAlgoOrder: (stop): Promise<SubmitOutcome<AlgoOrder>> => {
        const refusal = answers.shift();
        acts.push(`place ${stop.clientAlgoId === NEW_ID ? "new" : "old"} ${refusal?.code ?? "ok"}`);
        if (refusal !== undefined) {
          return Promise.resolve({ phase: "rejected", retryable: false, outcome: refusal });
        }
        const order = resting(stop.clientAlgoId, { triggerPrice: stop.triggerPrice });
        orders.set(stop.clientAlgoId, order);
        return Promise.resolve({ phase: "accepted", order });
      },
      cancelAlgo: (id) => {
        acts.push(`cancel ${id === OLD_ID ? "old" : id}`);
        orders.delete(id);
        return Promise.resolve({ ok: true, value: null });
      },
    },
    clock: { nowMs: () => now.ms, monotonicMs: () => now.ms, sleep: () => Promise.resolve() },
    log,
    observe: {
      ...{
        cycle: () => undefined,
        exit: () => undefined,
        adopted: () => undefined,
        closed: () => undefined,
        begun: () => undefined,
      },
      stop: (act) => told.push(act),
    },
    statistics: { add: () => undefined, flush: () => Promise.resolve() },
    rules: {
      defaults: { stopPct: "2", targetPct: "4", maxHoldSec: 60 },
      ...{ graceMs: 3000, confirmMs: 2000, holdMinMs: 0, recvWindowMs: 2000 },
      ...{ protectiveStops: true, stopStepPct: "0.25" },
    },
    background,
  });
  /** One pass of the keeper, `afterMs` later; `flat` are the positions whose zero the stream has just told. */
  async function pass(watches: readonly Watch[], afterMs = 1000, flat: readonly string[] = []) {
    now.ms += afterMs;
    const positions = new Map(watches.map((watch) => [watch.key, watch.position]));
    const times = { askedAtMs: now.ms, seenAtMs: now.ms };
    const confirmed = { askedAtMs: now.ms - 2000, seenAtMs: now.ms - 2000 };
    const flatAtMs = new Map(flat.map((key) => [key, now.ms]));
    const view = { ...times, positions, missing: new Set<string>(), confirmed, flatAtMs, lastRead: true };
    keeper.tend(new Map(watches.map((watch) => [watch.key, watch])), view);
    now.ms += 10;
    await background.settled();
    background.check();
  }
  return { acts, orders, pass, log, told, done: () => acts.filter((act) => act !== "read") };
}

/** A position that has been followed by its plan for a while. */
function followed(): Watch {
  const watch = newWatch(LONG_POSITION, 0);
  watch.followed = LONG_PLAN;
  watch.decision = { kind: "hold", plan: LONG_PLAN, says: [], adoption: null };
  return watch;
}

test("where the venue takes both, the new stop rests before the old one is cancelled", async () => {
  const venue = venueOf([resting(OLD_ID)]);
  await venue.pass([followed()]);
  expect(venue.done()).toEqual(["place new ok", "cancel old"]);
  expect([...venue.orders.keys()]).toEqual([NEW_ID]);
});

test.each([[-4130], [-4116]])(
  "where it refuses the second with %d, the old one is cancelled and the new one placed at once",
  async (code) => {
    const venue = venueOf([resting(OLD_ID)], [outcome(code)]);
    await venue.pass([followed()]);
    expect(venue.done()).toEqual([`place new ${code}`, "cancel old", "place new ok"]);
    expect([...venue.orders.keys()]).toEqual([NEW_ID]);
  },
);

test("a placement in doubt after the old stop is gone is repeated at once", async () => {
  const lost = outcome(-1007, { class: "UNKNOWN", phase: "ambiguous" });
  const venue = venueOf([resting(OLD_ID)], [outcome(-4130), lost]);
  await venue.pass([followed()]);
  expect(venue.done()).toEqual(["place new -4130", "cancel old", "place new -1007", "place new ok"]);
});

test("a new stop that is refused for good lets the old one rest again", async () => {
  const venue = venueOf([resting(OLD_ID)], [outcome(-4130), outcome(-2021)]);
  await venue.pass([followed()]);
  expect(venue.done()).toEqual(["place new -4130", "cancel old", "place new -2021", "place old ok"]);
  expect([...venue.orders.keys()]).toEqual([OLD_ID]);
});

test("an old stop does not give way to one that is refused in the first place", async () => {
  const venue = venueOf([resting(OLD_ID)], [outcome(-4045)]);
  await venue.pass([followed()]);
  expect(venue.done()).toEqual(["place new -4045"]);
});

test("a position without a stop is an alarm once, and the venue that refuses one is asked ever less often", async () => {
  const venue = venueOf(
    [],
    Array.from({ length: 9 }, () => outcome(-4045)),
  );
  const watch = followed();
  for (let passes = 0; passes < 8; passes += 1) await venue.pass([watch]);
  const alarms = venue.log.lines.filter(({ message }) => message.startsWith("POSITION WITHOUT A STOP"));
  expect(alarms.length).toBe(1);
  expect(venue.told.filter((act) => act === "missing").length).toBe(1);
  expect(venue.done().length).toBe(4);
  expect(watch.stop.state).toBe("missing");
});

test("the stop of an entry is left to execution for three seconds", async () => {
  const venue = venueOf([]);
  const watch = { ...followed(), firstSeenMs: 10_500 };
  await venue.pass([watch]);
  await venue.pass([watch]);
  expect(venue.done()).toEqual([]);
  await venue.pass([watch], 2000);
  expect(venue.done()).toEqual(["place new ok"]);
});

test("a stop whose position is gone is cancelled once later readings confirm that; another's never", async () => {
  const theirs = resting("web_1");
  const venue = venueOf([resting(OLD_ID), theirs]);
  await venue.pass([]);
  await venue.pass([]);
  expect(venue.done()).toEqual([]);
  await venue.pass([]);
  await venue.pass([]);
  expect(venue.done()).toEqual(["cancel old"]);
  expect([...venue.orders.keys()]).toEqual(["web_1"]);
});

test("a stop whose position the stream tells to be zero is cancelled at once", async () => {
  const venue = venueOf([resting(NEW_ID, { triggerPrice: "95" })]);
  await venue.pass([followed()]);
  await venue.pass([], 1000, ["BTCUSDT"]);
  expect(venue.done()).toEqual([`cancel ${NEW_ID}`]);
});

test("a stop of the other direction is none of the position's, and is cancelled", async () => {
  const venue = venueOf([resting(OLD_ID, { side: "BUY" })]);
  const watch = followed();
  for (let passes = 0; passes < 4; passes += 1) await venue.pass([watch]);
  expect(venue.done()).toEqual(["place new ok", "cancel old"]);
});

test("stops that only move are replaced five at a time", async () => {
  const symbols = Array.from({ length: 8 }, (_, n) => `SYM${n}USDT`);
  const venue = venueOf(symbols.map((symbol) => resting(`${symbol}-s`, { symbol })));
  const watches = symbols.map((symbol) => {
    const watch = newWatch({ ...LONG_POSITION, key: symbol, symbol }, 0);
    watch.followed = { ...LONG_PLAN, intentId: symbol, stopLoss: "95" };
    return watch;
  });
  await venue.pass(watches);
  expect(venue.done().filter((act) => act.startsWith("place")).length).toBe(5);
});
