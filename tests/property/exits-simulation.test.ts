/**
 * The exit brain's loop under a simulated clock, against a Redis, a venue and an execution that fail by a script
 * that fast-check makes up (the seed is printed with a failure).
 */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { keysOf } from "../../lib/contract/keys.ts";
import { decodeIntent } from "../../lib/contract/trade-intent.ts";
import type { Position, Reading } from "../../lib/exchange/exchange.ts";
import { Background } from "../../lib/exits/background.ts";
import type { ExitBrainParts } from "../../lib/exits/exit-brain-parts.ts";
import { ExitLoop } from "../../lib/exits/exit-loop.ts";
import { HeartbeatWriter } from "../../lib/exits/heartbeat-writer.ts";
import { PositionBook } from "../../lib/exits/position-book.ts";
import { PlanKeeper } from "../../lib/exits/position-plan-keeper.ts";
import { createPlanStore } from "../../lib/exits/position-plan-store.ts";
import { StopKeeper } from "../../lib/exits/stop-keeper.ts";
import {
  RedisOutcomeUnknownError,
  RedisReplyError,
  RedisUnavailableError,
} from "../../lib/redis/redis-errors.ts";
import type { RedisArgument, RedisReply } from "../../lib/redis/reply.ts";
import { keptLog } from "../support/quiet-log.ts";

const keys = keysOf("");
const START_MS = 1_700_000_000_000;
const CONFIRM_MS = 2000;

/** Time that only moves when everything waits. */
class SimulatedClock {
  #now = 0;
  #wake = 0;
  readonly #sleepers = new Map<number, { readonly atMs: number; readonly wake: () => void }>();
  readonly nowMs = () => START_MS + this.#now;
  readonly monotonicMs = () => this.#now;
  readonly sleep = (ms: number, signal?: AbortSignal) => {
    if (signal?.aborted) return Promise.resolve();
    return new Promise<void>((resolve) => {
      this.#wake += 1;
      const id = this.#wake;
      const wake = () => {
        this.#sleepers.delete(id);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      signal?.addEventListener("abort", wake);
      this.#sleepers.set(id, { atMs: this.#now + Math.max(0, ms), wake });
    });
  };

  async runUntil(untilMs: number): Promise<void> {
    for (;;) {
      // Longer than any chain of promises between two sleeps.
      for (let turns = 0; turns < 60; turns += 1) await Promise.resolve();
      const [next] = [...this.#sleepers.values()].sort((one, other) => one.atMs - other.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#now = Math.max(this.#now, next.atMs);
      next.wake();
    }
    this.#now = untilMs;
  }
}

type RedisMood = "well" | "slow" | "hangs" | "down" | "refuses" | "full";
type VenueMood = "well" | "slow" | "fails" | "hangs";
type ExecutionMood = "well" | "rejects" | "partly" | "dead";
interface Moods {
  redis: RedisMood;
  venue: VenueMood;
  execution: ExecutionMood;
}

const WRITES: ReadonlySet<unknown> = new Set(["XADD", "FCALL", "MULTI", "HINCRBY"]);

/** One account: what is open, what Redis holds, and an execution that works through the exit stream. */
class World {
  readonly clock = new SimulatedClock();
  readonly moods: Moods = { redis: "well", venue: "well", execution: "well" };
  readonly open = new Map<string, number>();
  readonly plans = new Map<string, Map<string, string>>();
  readonly ledger = new Map<string, string>();
  readonly stream: string[] = [];
  readonly beats: number[] = [];
  readonly statuses: { readonly atMs: number; readonly status: string; readonly positions: number }[] = [];
  /** Cycles that said less was open than there was. */
  readonly understated: number[] = [];
  price = 100;
  #read = 0;

  /** Redis was restarted empty. */
  forget(): void {
    this.plans.clear();
    this.ledger.clear();
    this.stream.length = 0;
    this.#read = 0;
  }

  redis = {
    deadlineMs: 1500,
    serverNowMs: this.clock.nowMs,
    command: async (args: readonly RedisArgument[]): Promise<RedisReply> => {
      const mood = this.moods.redis;
      if (mood === "down") throw new RedisUnavailableError("down");
      if (mood === "slow") await this.clock.sleep(40);
      if (mood === "hangs") {
        // Half of what a hung server was sent is carried out when it comes back.
        await this.clock.sleep(1500);
        if (args.length % 2 === 0) this.#apply(args.map(String));
        throw new RedisOutcomeUnknownError("REDIS_DEADLINE", "no reply");
      }
      if (mood === "refuses" && WRITES.has(args[0])) throw new RedisReplyError("READONLY a replica");
      // Every function that the exit brain calls may use memory that is not there.
      const full = mood === "full" && WRITES.has(args[0]) && args[0] !== "FCALL";
      if (full) throw new RedisReplyError("OOM command not allowed");
      return this.#apply(args.map(String));
    },
  };

  #apply(args: readonly string[]): RedisReply {
    const [command = "", key = ""] = args;
    switch (command) {
      case "HKEYS":
        return [];
      case "HGETALL":
        return [...(this.plans.get(key) ?? [])].flat();
      case "HGET":
        return this.ledger.get(key) ?? null;
      case "XADD":
        if (key === keys.exitIntentStream) this.stream.push(args.at(-1) ?? "");
        return "1-1";
      case "FCALL":
        return this.#call(args);
      default:
        return "OK";
    }
  }

  #call([, name = "", count = "", ...rest]: readonly string[]): RedisReply {
    const on = rest.slice(0, Number(count));
    const values = rest.slice(Number(count) + 1);
    if (name === "adopt_plan_v1") {
      const plan = new Map<string, string>();
      for (let at = 1; at + 1 < values.length; at += 2) plan.set(values[at] ?? "", values[at + 1] ?? "");
      if (!this.plans.has(on[0] ?? "")) this.plans.set(on[0] ?? "", plan);
    }
    if (name === "append_v1" && on[0] === keys.exitIntentStream) this.stream.push(values.at(-1) ?? "");
    if (name === "close_plan_v1") this.plans.delete(on[1] ?? "");
    return ["OK"];
  }

  async positions(): Promise<Reading<readonly Position[]>> {
    const { venue } = this.moods;
    const value = [...this.open].map(
      ([symbol, quantity]): Position => ({
        ...{ symbol, positionSide: "BOTH", quantity: String(quantity), entryPrice: "100" },
        ...{ markPrice: String(this.price), unrealisedPnlUsd: "0", updateTimeMs: 0 },
      }),
    );
    await this.clock.sleep(venue === "hangs" ? 3000 : venue === "slow" ? 180 : 3);
    if (venue === "well" || venue === "slow") return { ok: true, value };
    const outcome = { row: "NO_REPLY", class: "UNKNOWN", phase: "ambiguous", retryable: true } as const;
    const none = { advice: "NONE", httpStatus: null, code: null, message: "", retryAfterMs: null } as const;
    return { ok: false, outcome: { ...outcome, ...none } };
  }

  /** Takes the exit stream in order, one intent every 50 ms; a second entry of an id is only a duplicate. */
  async execute(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.clock.sleep(50, signal);
      const data = this.moods.execution === "dead" ? undefined : this.stream[this.#read];
      if (data === undefined) continue;
      this.#read += 1;
      const decoded = decodeIntent({ data });
      if (decoded.kind !== "intent") throw new Error(decoded.reason);
      const { intent_id, symbol, quantity, action } = decoded.intent;
      const key = `${keys.orderLedgerPrefix}${intent_id}`;
      if (this.ledger.has(key)) continue;
      const open = this.open.get(symbol) ?? 0;
      // What is closed already leaves nothing to reduce: such an intent is refused below.
      if (open !== 0) expect(action).toBe(open < 0 ? "BUY" : "SELL");
      const share = this.moods.execution === "rejects" ? 0 : this.moods.execution === "partly" ? 0.5 : 1;
      const closed = Math.min(Math.abs(open), Math.ceil(Number(quantity) * share));
      const left = open - Math.sign(open) * closed;
      if (left === 0) this.open.delete(symbol);
      else this.open.set(symbol, left);
      this.ledger.set(key, closed === 0 ? "REJECTED" : "FILLED");
    }
  }
}

function loopIn(world: World): ExitLoop {
  const { clock, redis } = world;
  const observe: ExitBrainParts["observe"] = {
    cycle: ({ status, positions }) => {
      const known = world.statuses.some((one) => one.positions > 0);
      if (known && positions < world.open.size) world.understated.push(clock.monotonicMs());
      world.statuses.push({ atMs: clock.monotonicMs(), status, positions });
    },
    ...{
      exit: () => undefined,
      adopted: () => undefined,
      stop: () => undefined,
      closed: () => undefined,
      begun: () => undefined,
    },
  };
  const exchange = {
    serverNowMs: clock.nowMs,
    clockSkewMs: () => 1,
    rules: () => undefined,
    refreshRules: () => Promise.resolve({ ok: true as const, value: 0 }),
    positions: () => world.positions(),
  };
  const background = new Background();
  const shared = {
    ...{ redis, keys, clock, observe, background, log: keptLog(), exchange },
    statistics: { add: () => undefined, flush: () => Promise.resolve() },
    rules: {
      defaults: { stopPct: "2", targetPct: "4", maxHoldSec: 3600 },
      ...{ graceMs: 3000, confirmMs: CONFIRM_MS, holdMinMs: 0, recvWindowMs: 2000 },
      ...{ protectiveStops: false, stopStepPct: "0.25" },
    },
    markOf: () => ({ price: String(world.price), ageMs: 0 }),
  };
  const noStops = {
    ...{ admit: () => ({ kind: "ok" }) as const, rules: () => undefined, serverNowMs: clock.nowMs },
    openAlgoOrders: () => Promise.reject(new Error("no stops here")),
    placeAlgoOrder: () => Promise.reject(new Error("no stops here")),
    cancelAlgo: () => Promise.reject(new Error("no stops here")),
  };
  return new ExitLoop({
    ...shared,
    book: new PositionBook({ exchange, monotonicMs: clock.monotonicMs }),
    plans: new PlanKeeper({ ...shared, store: createPlanStore(redis, keys, 0) }),
    stops: new StopKeeper({ ...shared, exchange: noStops }),
    heartbeats: new HeartbeatWriter(redis, keys, "boot"),
    mayAct: () => true,
    beat: () => world.beats.push(clock.monotonicMs()),
  });
}

const mood = fc.record({
  redis: fc.constantFrom<RedisMood>("well", "well", "slow", "hangs", "down", "refuses", "full"),
  venue: fc.constantFrom<VenueMood>("well", "well", "slow", "fails", "hangs"),
  execution: fc.constantFrom<ExecutionMood>("well", "rejects", "partly", "dead"),
  forMs: fc.integer({ min: 50, max: 6000 }),
  forgets: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});
const script = fc.record({
  sizes: fc.array(
    fc.integer({ min: -20, max: 20 }).filter((size) => size !== 0),
    { minLength: 1, maxLength: 4 },
  ),
  fallAfter: fc.nat(5),
  moods: fc.array(mood, { minLength: 1, maxLength: 8 }),
});

test("whatever fails for a while, cycles go on, nothing enlarges, and all that is due is flat soon after", async () => {
  await fc.assert(
    fc.asyncProperty(script, async ({ sizes, fallAfter, moods }) => {
      const world = new World();
      const loop = loopIn(world);
      const stop = new AbortController();
      const ended = Promise.all([loop.run(stop.signal), world.execute(stop.signal)]);
      let nowMs = 1000;
      await world.clock.runUntil(nowMs);
      for (const [index, size] of sizes.entries()) world.open.set(`SYM${index}USDT`, size);
      const exposure = () => [...world.open.values()].reduce((sum, size) => sum + Math.abs(size), 0);
      for (const [index, { forMs, forgets, ...failing }] of moods.entries()) {
        if (index === fallAfter) world.price = 90;
        if (forgets) world.forget();
        Object.assign(world.moods, failing);
        const before = exposure();
        nowMs += forMs;
        await world.clock.runUntil(nowMs);
        expect(exposure()).toBeLessThanOrEqual(before);
      }
      // From here on all is well: longs are far below their stops, whatever plan they got.
      Object.assign(world.moods, { redis: "well", venue: "well", execution: "well" });
      await world.clock.runUntil(nowMs + 6000);
      world.price = 80;
      await world.clock.runUntil(nowMs + 12_000);
      expect([...world.open.values()].filter((size) => size > 0)).toEqual([]);
      expect(world.understated).toEqual([]);
      // A beat a second, and each a little later at worst: nothing holds a cycle up.
      const gaps = world.beats.slice(1).map((atMs, index) => atMs - (world.beats[index] ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(1500);
      expect(world.statuses.at(-1)).toMatchObject({ status: "ALIVE", positions: world.open.size });
      stop.abort();
      await world.clock.runUntil(nowMs + 20_000);
      await ended;
    }),
    { numRuns: 150 },
  );
}, 120_000);
