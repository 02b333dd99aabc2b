import { encodeHeartbeat, type Heartbeat } from "../../../lib/contract/heartbeat.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { decide } from "../../support/pipeline.ts";
import { validOn } from "../../support/valid-trade.ts";
import { must, mustFollow } from "./must.ts";
import type { Scenario } from "./scenario.ts";
import { openStage, type Stage } from "./stage.ts";
import { followPanic, type PanicCourse, type Timeline } from "./timeline.ts";
import { untilGuarded } from "./until-guarded.ts";
import { simulated } from "./venue-hand.ts";

/** What every panic must look like, whatever caused it. */
function mustBeOrderly(course: PanicCourse, positions: number): void {
  must(course.panics.length === 1, `one panic a failure, not ${course.panics.length}`);
  mustFollow(course.haltedMs, course.firstCloseMs, { ms: 60_000, what: "halt before the first close" });
  must((course.haltedMs ?? 0) <= (course.firstCloseMs ?? 0), "the halt came after the first close");
  const last = course.completions.at(-1);
  must(last?.status === "flat", "the last completion says flat");
  must(last.positions_total === positions, `the completion counts ${last.positions_total} of ${positions}`);
  must(last.positions_closed === positions && last.positions_failed === 0, "the completion is not complete");
  must(last.results.length === positions, "one result a position");
}

/** An entry that comes after the panic is denied, by the router. */
async function mustDenyEntries(stage: Stage): Promise<void> {
  const before = (await stage.venue.orders()).length;
  await decide(stage, validOn("ETHUSDT", { entry_price: await markOf(stage, "ETHUSDT") }));
  const key = `${stage.keys.statsPrefix}ai-strategy-router`;
  await waitFor(
    "the entry is denied",
    async () => Number((await stage.eye.command("HGET", key, "denied:TRADING_HALTED")) ?? 0) > 0,
    { timeoutMs: 5000 },
  );
  must((await stage.venue.orders()).length === before, "an entry reached the venue after the panic");
  must(stage.haltFileStands(), "the halt file stands");
}

async function markOf(stage: Stage, symbol: string): Promise<number> {
  const index: unknown = await stage.venue.call("GET", "/fapi/v1/premiumIndex", { symbol });
  return Number(JSON.parse(JSON.stringify(index)).markPrice);
}

async function tenPositions(stage: Stage): Promise<readonly string[]> {
  const symbols = simulated(10);
  await stage.venue.openPositions(symbols);
  await stage.venue.restOrders(symbols, 20);
  await untilGuarded(stage, 10);
  return symbols;
}

/** A fault of the exit brain itself with ten positions and twenty resting orders. */
function brainFault(what: string, fault: (stage: Stage) => Promise<void> | void): () => Promise<Timeline> {
  return async () => {
    await using stage = await openStage();
    await tenPositions(stage);
    const atMs = Date.now();
    await fault(stage);
    const course = await followPanic(stage, { atMs, what, flatWithinMs: 15_000 });
    mustBeOrderly(course, 10);
    mustFollow(course.lastBeatMs, course.panics[0]?.atMs, {
      ms: 3500,
      what: "panic after the last heartbeat",
    });
    mustFollow(course.lastBeatMs, course.flatMs, { ms: 6000, what: "flat after the last heartbeat" });
    await mustDenyEntries(stage);
    return course.timeline;
  };
}

const POSITIONS = 100;

async function hundredPositions(): Promise<Timeline> {
  await using stage = await openStage({ env: { "paper-exchange": { PAPER_WEIGHT_LIMIT_1M: "6000" } } });
  const symbols = simulated(POSITIONS);
  await stage.venue.openPositions(symbols);
  await untilGuarded(stage, POSITIONS);
  await stage.venue.faults({
    rules: [{ match: { path: "/fapi/*" }, effect: { kind: "latency", ms: 50 } }],
  });
  const atMs = Date.now();
  await stage.role("exit-brain").kill();
  const course = await followPanic(stage, {
    atMs,
    what: "exit brain killed -9, 50 ms latency",
    flatWithinMs: 20_000,
  });
  mustBeOrderly(course, POSITIONS);
  mustFollow(atMs, course.lastCloseMs, { ms: 15_000, what: "flat after the kill" });
  return course.timeline;
}

async function crashLoop(): Promise<Timeline> {
  await using stage = await openStage();
  await tenPositions(stage);
  const atMs = Date.now();
  const brain = stage.role("exit-brain");
  brain.supervise(50);
  // Each life is short enough that the gap between two beats stays under 3 s.
  const killing = (async () => {
    for (let life = 0; life < 12 && (await panicCount(stage)) === 0; life += 1) {
      const beatOrOver = async () => (await hasNewBeat(stage)) || (await panicCount(stage)) > 0;
      await waitFor("it beat once more", beatOrOver, { timeoutMs: 20_000, everyMs: 20 });
      await brain.kill();
    }
  })();
  await waitFor("the crash loop is a panic", async () => (await panicCount(stage)) > 0, {
    timeoutMs: 60_000,
  });
  brain.release();
  await killing;
  const course = await followPanic(stage, {
    atMs,
    what: "exit brain crashes in a loop",
    flatWithinMs: 20_000,
  });
  must(course.panics[0]?.reason === "EXIT_BRAIN_CRASH_LOOP", `reason ${course.panics[0]?.reason}`);
  mustBeOrderly(course, 10);
  return course.timeline;
}

const panicCount = async (stage: Stage) => Number(await stage.eye.command("XLEN", stage.keys.panicStream));

/** An ALIVE beat of an instance that was not seen before. */
const seenInstances = new WeakMap<Stage, Set<string>>();
async function hasNewBeat(stage: Stage): Promise<boolean> {
  const seen = seenInstances.get(stage) ?? new Set();
  seenInstances.set(stage, seen);
  const instance =
    (await readStream(stage.eye, stage.keys.heartbeatStream)).at(-1)?.fields["instance_id"] ?? "";
  if (instance === "" || seen.has(instance)) return false;
  seen.add(instance);
  return true;
}

/** Everything but the exit brain, whose heart the scenario beats itself. */
const WITHOUT_BRAIN = [
  "emergency-exit-worker",
  "exit-brain-watchdog",
  "execution",
  "ai-strategy-router",
] as const;

interface Beating {
  readonly status: (sinceMs: number) => Heartbeat["status"];
  /** How far `last_decision_ts` goes with the time. */
  readonly deciding: boolean;
  /** The brain's clock minus ours. */
  readonly clockMs?: number;
}

/** Beats four times a second for `forMs` or until a panic; resolves with whether one came, and when. */
async function beat(stage: Stage, how: Beating, forMs: number): Promise<number | undefined> {
  const started = Date.now();
  const clock = how.clockMs ?? 0;
  for (let seq = 1; Date.now() - started < forMs; seq += 1) {
    const now = Date.now();
    const fields = encodeHeartbeat({
      ...{ service_id: "exit-brain", status: how.status(now - started), active_positions: 1 },
      last_decision_ts: how.deciding ? now + clock : started + clock,
      ...{ latency_ms: 5, loop_cycle_ms: 1000, ts: now + clock, instance_id: "forged", seq },
    });
    await stage.eye.command("XADD", stage.keys.heartbeatStream, "*", ...Object.entries(fields).flat());
    if ((await panicCount(stage)) > 0) return Date.now() - started;
    await Bun.sleep(250);
  }
  return undefined;
}

async function withOnePosition(): Promise<Stage> {
  const stage = await openStage({ roles: WITHOUT_BRAIN });
  await stage.venue.openPositions(["ETHUSDT"]);
  return stage;
}

/** Beats that are wrong in one way, and the panic they must (or must not) lead to. */
function wrongBeats(
  how: Beating,
  expected: { reason: string; afterMs: number } | undefined,
): () => Promise<Timeline> {
  return async () => {
    await using stage = await withOnePosition();
    const atMs = Date.now();
    const panicAfterMs = await beat(stage, how, (expected?.afterMs ?? 12_000) + 2000);
    if (expected === undefined) {
      must(panicAfterMs === undefined, `a panic after ${panicAfterMs} ms`);
      must((await stage.venue.positions()).length === 1, "the position is still open");
      return [
        [atMs, "beating"],
        [Date.now(), "no panic"],
      ];
    }
    must(panicAfterMs !== undefined, `no panic for ${expected.reason}`);
    must(panicAfterMs >= expected.afterMs - 300, `a panic after only ${panicAfterMs} ms`);
    // 300 ms to detect, a second until the watchdog has read the position for itself, 250 ms until we look.
    must(panicAfterMs <= expected.afterMs + 1550, `a panic after ${panicAfterMs} ms`);
    const course = await followPanic(stage, { atMs, what: "wrong beats begin", flatWithinMs: 15_000 });
    must(course.panics[0]?.reason === expected.reason, `reason ${course.panics[0]?.reason}`);
    return course.timeline;
  };
}

/** No exit brain ever came: a grace of 30 s without positions, of 10 s with. */
function coldStart(positions: boolean): () => Promise<Timeline> {
  return async () => {
    await using stage = await openStage({ roles: ["emergency-exit-worker"] });
    if (positions) await stage.venue.openPositions(["ETHUSDT"]);
    await stage.role("exit-brain-watchdog").start();
    const atMs = Date.now();
    const limitMs = positions ? 10_000 : 30_000;
    const panicked = async () => (await panicCount(stage)) > 0;
    await waitFor("the grace is over", async () => Date.now() - atMs > limitMs - 700 || (await panicked()), {
      timeoutMs: limitMs + 1000,
      everyMs: 50,
    });
    must(!(await panicked()), `a panic within the grace of ${limitMs} ms`);
    if (!positions)
      return [
        [atMs, "watchdog starts, nothing is open"],
        [Date.now(), "no panic for 30 s"],
      ];
    const course = await followPanic(stage, {
      atMs,
      what: "watchdog starts, no heartbeat",
      flatWithinMs: 6000,
    });
    mustFollow(atMs, course.panics[0]?.atMs, { ms: limitMs + 1000, what: "panic after the grace" });
    return course.timeline;
  };
}

const alive = () => "ALIVE" as const;
const degraded = () => "DEGRADED" as const;
/** Four seconds DEGRADED, one ALIVE, again and again. */
const flapping = (ms: number) => (ms % 5000 < 4000 ? ("DEGRADED" as const) : ("ALIVE" as const));

/** Rows 1 to 5, 12 and 13: who guards the guard. */
export const GUARD_SCENARIOS: readonly Scenario[] = [
  {
    ...{ row: 1, title: "exit brain killed -9, 10 positions, 20 resting orders", quick: true },
    run: brainFault("exit brain killed -9", async (stage) => {
      await stage.role("exit-brain").kill();
    }),
  },
  { row: 2, title: "the same with 100 positions at 50 ms latency", quick: true, run: hundredPositions },
  {
    ...{ row: 3, title: "exit brain SIGSTOPped: its loop and its HTTP hang", quick: true },
    run: brainFault("exit brain stopped (SIGSTOP)", (stage) =>
      stage.role("exit-brain").process().signal("SIGSTOP"),
    ),
  },
  { row: 4, title: "exit brain in a crash loop", quick: false, run: crashLoop },
  {
    ...{ row: 5, part: "a", title: "heartbeats flow, no decisions for 30 s", quick: false },
    run: wrongBeats(
      { status: alive, deciding: false },
      { reason: "EXIT_BRAIN_DECISION_STAGNANT", afterMs: 30_000 },
    ),
  },
  {
    ...{ row: 5, part: "b", title: "DEGRADED for 5 s", quick: true },
    run: wrongBeats(
      { status: degraded, deciding: true },
      { reason: "EXIT_BRAIN_DEGRADED_TOO_LONG", afterMs: 5000 },
    ),
  },
  {
    ...{ row: 5, part: "c", title: "flapping ALIVE and DEGRADED, each spell under 5 s", quick: false },
    run: wrongBeats({ status: flapping, deciding: true }, undefined),
  },
  { row: 12, part: "a", title: "cold start without positions", quick: false, run: coldStart(false) },
  { row: 12, part: "b", title: "cold start with positions", quick: false, run: coldStart(true) },
  ...[-3_600_000, 3_600_000].map((clockMs, at) => ({
    ...{
      row: 13,
      part: "ab"[at] ?? "",
      title: `the exit brain's clock is ${clockMs / 3_600_000} h off`,
      quick: false,
    },
    run: wrongBeats({ status: alive, deciding: true, clockMs }, undefined),
  })),
];
