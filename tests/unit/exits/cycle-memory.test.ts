import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { keysOf } from "../../../lib/contract/keys.ts";
import type { AlgoOrder, Exchange, Position } from "../../../lib/exchange/exchange.ts";
import { Background } from "../../../lib/exits/background.ts";
import { ExitLoop } from "../../../lib/exits/exit-loop.ts";
import { HeartbeatWriter } from "../../../lib/exits/heartbeat-writer.ts";
import { PositionBook } from "../../../lib/exits/position-book.ts";
import { PlanKeeper } from "../../../lib/exits/position-plan-keeper.ts";
import { createPlanStore } from "../../../lib/exits/position-plan-store.ts";
import { StopKeeper } from "../../../lib/exits/stop-keeper.ts";
import { RedisUnavailableError } from "../../../lib/redis/redis-errors.ts";
import type { RedisReply } from "../../../lib/redis/reply.ts";

const keys = keysOf("");
const STARTED_MS = 1_700_000_000_000;
const silent = () => undefined;
const LOG = { debug: silent, info: silent, warn: silent, error: silent };
const OBSERVE = { cycle: silent, exit: silent, adopted: silent, stop: silent, closed: silent, begun: silent };
const LOT = { min: "0.001", max: "1000", step: "0.001" };

/** Positions come and go, stops rest, exits are handed over, and every fifth second Redis is away. */
function worldOfChange() {
  let second = 0;
  const stops = new Map<string, AlgoOrder>();
  const clock = {
    nowMs: () => STARTED_MS + second * 1000,
    monotonicMs: () => second * 1000,
    // What is waited for comes at once, so that a wait only ever ends by its signal.
    sleep: (_: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve())),
  };
  const priceNow = () => (second % 3 === 0 ? "80" : "100");
  const openNow = (): readonly Position[] =>
    Array.from({ length: 4 }, (_, at) => ({
      ...{ symbol: `SYM${(Math.floor(second / 7) + at) % 20}USDT`, positionSide: "BOTH" as const },
      ...{ quantity: at % 2 === 0 ? "2" : "-2", entryPrice: "100", unrealisedPnlUsd: "0" },
      ...{ markPrice: priceNow(), updateTimeMs: clock.nowMs() },
    }));
  const redis = {
    deadlineMs: 1500,
    serverNowMs: clock.nowMs,
    command: ([name]: readonly unknown[]): Promise<RedisReply> => {
      if (second % 5 === 0) return Promise.reject(new RedisUnavailableError("down"));
      return Promise.resolve(
        name === "HGET" ? null : name === "XADD" ? "1-1" : name === "FCALL" ? ["OK"] : [],
      );
    },
  };
  const exchange = {
    ...{ serverNowMs: clock.nowMs, clockSkewMs: () => 1, admit: () => ({ kind: "ok" }) as const },
    rules: (symbol: string) => ({
      ...{
        symbol,
        status: "TRADING",
        quoteAsset: "USDT",
        tickSize: "0.1",
        priceMin: "0.1",
        priceMax: "99999",
      },
      ...{ lot: LOT, marketLot: LOT, minNotionalUsd: "5" },
    }),
    refreshRules: () => Promise.resolve({ ok: true as const, value: 1 }),
    positions: () => Promise.resolve({ ok: true as const, value: openNow() }),
    openAlgoOrders: () => Promise.resolve({ ok: true as const, value: [...stops.values()] }),
    placeAlgoOrder: ({ clientAlgoId, symbol, side, positionSide, triggerPrice }: Stop) => {
      const order = {
        clientAlgoId,
        algoId: clientAlgoId,
        symbol,
        side,
        positionSide,
        triggerPrice,
        ...RESTING,
      };
      stops.set(clientAlgoId, order);
      return Promise.resolve({ phase: "accepted" as const, order });
    },
    cancelAlgo: (clientAlgoId: string) => {
      stops.delete(clientAlgoId);
      return Promise.resolve({ ok: true as const, value: null });
    },
  };
  return {
    clock,
    redis,
    exchange,
    stops,
    markOf: () => ({ price: priceNow(), ageMs: 0 }),
    pass: () => second++,
  };
}

/** The loop with all that belongs to it. */
function brainIn(world: ReturnType<typeof worldOfChange>) {
  const { clock, redis, exchange, stops } = world;
  const background = new Background();
  const shared = {
    ...{ redis, keys, clock, observe: OBSERVE, background, log: LOG, exchange, markOf: world.markOf },
    statistics: { add: silent, flush: () => Promise.resolve() },
    rules: {
      defaults: { stopPct: "2", targetPct: "4", maxHoldSec: 3600 },
      ...{ graceMs: 3000, confirmMs: 2000, holdMinMs: 0, recvWindowMs: 2000 },
      ...{ protectiveStops: true, stopStepPct: "0.25" },
    },
  };
  const loop = new ExitLoop({
    ...shared,
    book: new PositionBook({ exchange, monotonicMs: clock.monotonicMs }),
    plans: new PlanKeeper({ ...shared, store: createPlanStore(redis, keys, 0) }),
    stops: new StopKeeper(shared),
    heartbeats: new HeartbeatWriter(redis, keys, "boot"),
    mayAct: () => true,
    beat: silent,
  });
  const cycle = async () => {
    world.pass();
    await loop.cycle();
    await background.settled();
    background.check();
  };
  return { cycle, loop, stops };
}

type Stop = Parameters<Exchange["placeAlgoOrder"]>[0];

const RESTING = {
  ...{ status: "NEW", orderType: "STOP_MARKET", quantity: null, closePosition: true, reduceOnly: true },
} as const;

/** Objects that a full collection leaves. */
function objectsLeft(): number {
  Bun.gc(true);
  return heapStats().objectCount;
}

test("the exit brain holds no more after 5000 cycles than after 1000", async () => {
  const brain = brainIn(worldOfChange());
  const cycles = async (count: number) => {
    for (let left = count; left > 0; left -= 1) await brain.cycle();
    return objectsLeft();
  };
  const early = await cycles(1000);
  const late = await cycles(4000);
  expect(brain.loop.watches.size).toBe(4);
  expect(brain.stops.size).toBeWithin(1, 9);
  // One object kept at every second cycle is more.
  expect(late - early).toBeLessThan(2000);
}, 120_000);
