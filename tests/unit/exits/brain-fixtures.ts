import { keysOf } from "../../../lib/contract/keys.ts";
import type { ListReading, Position } from "../../../lib/exchange/exchange.ts";
import type { SymbolRules } from "../../../lib/exchange/symbol-rules.ts";
import { Background } from "../../../lib/exits/background.ts";
import { ExitLoop } from "../../../lib/exits/exit-loop.ts";
import { HeartbeatWriter } from "../../../lib/exits/heartbeat-writer.ts";
import { PositionBook } from "../../../lib/exits/position-book.ts";
import { PlanKeeper } from "../../../lib/exits/position-plan-keeper.ts";
import type { ClosedPosition } from "../../../lib/exits/position-plan-store.ts";
import { StopKeeper } from "../../../lib/exits/stop-keeper.ts";
import type { RedisReply } from "../../../lib/redis/reply.ts";
import { OPENED_MS } from "./exit-fixtures.ts";

export const BRAIN_KEYS = keysOf("");
const silent = () => undefined;
const OBSERVE = { cycle: silent, exit: silent, adopted: silent, stop: silent, closed: silent, begun: silent };
const LOG = { debug: silent, info: silent, warn: silent, error: silent };
const LOT = { min: "0.001", max: "1000", step: "0.001" };
export const RULES: SymbolRules = {
  ...{ symbol: "BTCUSDT", status: "TRADING", quoteAsset: "USDT", tickSize: "0.1", priceMin: "0.1" },
  ...{ priceMax: "99999", lot: LOT, marketLot: LOT, minNotionalUsd: "5" },
};

/** What the brain sees, changed by hand from one cycle to the next. */
export interface BrainWorld {
  /** Since the start; the venue's clock, the local and the monotonic one move together. */
  ms: number;
  list: ListReading<Position>;
  mark: string;
  /** Of the mark; default 0. */
  markAgeMs?: number;
  /** What the venue says of the symbol. */
  rules: SymbolRules | undefined;
  redis(args: readonly string[]): RedisReply;
}

/** The exit brain's loop in a world that only moves by hand; stops at the venue are off. */
export function brainOf(world: BrainWorld) {
  const nowMs = () => OPENED_MS + world.ms;
  const clock = {
    ...{ nowMs, monotonicMs: () => world.ms },
    // What is waited for comes at once, so that a wait only ever ends by its signal.
    sleep: (_: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve())),
  };
  const redis = {
    ...{ deadlineMs: 1500, serverNowMs: nowMs },
    command: (args: readonly unknown[]) => Promise.resolve(world.redis(args.map(String))),
  };
  const unasked = () => Promise.reject(new Error("stops are off"));
  let rules = world.rules;
  const exchange = {
    ...{ serverNowMs: nowMs, clockSkewMs: () => 1, admit: () => ({ kind: "ok" }) as const },
    ...{ openAlgoOrders: unasked, placeAlgoOrder: unasked, cancelAlgo: unasked },
    rules: () => rules,
    refreshRules: () => {
      rules = world.rules;
      return Promise.resolve({ ok: true as const, value: 1 });
    },
    positions: () => Promise.resolve(world.list),
  };
  const background = new Background();
  const closed: ClosedPosition[] = [];
  const store = {
    ...{
      adopt: () => Promise.resolve("written" as const),
      noteExtreme: () => Promise.resolve("written" as const),
    },
    close: (position: ClosedPosition) => {
      closed.push(position);
      return Promise.resolve("written" as const);
    },
  };
  const shared = {
    ...{ redis, keys: BRAIN_KEYS, clock, observe: OBSERVE, background, log: LOG, exchange },
    markOf: () => ({ price: world.mark, ageMs: world.markAgeMs ?? 0 }),
    statistics: { add: silent, flush: () => Promise.resolve() },
    rules: {
      defaults: { stopPct: "2", targetPct: "4", maxHoldSec: 3600 },
      ...{ graceMs: 3000, confirmMs: 2000, holdMinMs: 0, recvWindowMs: 2000 },
      ...{ protectiveStops: false, stopStepPct: "0.25" },
    },
  };
  const book = new PositionBook({ exchange, monotonicMs: clock.monotonicMs });
  const plans = new PlanKeeper({ ...shared, store });
  const loop = new ExitLoop({
    ...{ ...shared, book, plans, stops: new StopKeeper(shared) },
    heartbeats: new HeartbeatWriter(redis, BRAIN_KEYS, "boot"),
    mayAct: () => true,
    beat: silent,
  });
  const cycle = async (ms: number) => {
    world.ms = ms;
    await loop.cycle();
    await background.settled();
    background.check();
    return loop.reports.at(-1)?.degraded;
  };
  return { cycle, loop, book, plans, closed, background };
}
