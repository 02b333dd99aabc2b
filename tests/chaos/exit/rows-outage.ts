import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { must, mustFollow } from "./must.ts";
import { haltedInRedis } from "./panic-traces.ts";
import type { Scenario } from "./scenario.ts";
import { openStage, type Stage } from "./stage.ts";
import { followPanic, seeFlat, type Timeline } from "./timeline.ts";
import { untilGuarded } from "./until-guarded.ts";
import { simulated } from "./venue-hand.ts";

const POSITIONS = 5;
/** The contract: flat within this, whatever failed. */
const FLAT_WITHIN_MS = 15_000;

/** Waits for the halt in Redis; epoch ms of the first look that saw it. */
async function seeHalt(stage: Stage, timeoutMs: number): Promise<number> {
  return await waitFor(
    "Redis says halted",
    async () => (await haltedInRedis(stage)) === "true" && Date.now(),
    { timeoutMs, everyMs: 20 },
  );
}

/** Nobody closed a position twice: no reduce-only order filled on a symbol whose position another had closed. */
async function mustCloseOnce(stage: Stage, sinceMs: number): Promise<void> {
  const orders = await stage.venue.orders();
  const closed = orders.filter((one) => one.reduceOnly && one.status === "FILLED" && one.time >= sinceMs);
  const symbols = new Set(closed.map((one) => one.symbol));
  must(closed.length === symbols.size, `${closed.length} closes of ${symbols.size} symbols`);
}

async function redisDies(): Promise<Timeline> {
  await using stage = await openStage();
  await stage.venue.openPositions(simulated(POSITIONS));
  await untilGuarded(stage, POSITIONS);
  stage.redis.process().signal("SIGKILL");
  await stage.redis.process().exited;
  const redisDiedMs = Date.now();
  await stage.role("exit-brain").kill();
  const atMs = Date.now();
  const flatMs = await seeFlat(stage, FLAT_WITHIN_MS);
  mustFollow(atMs, flatMs, { ms: FLAT_WITHIN_MS, what: "flat without Redis" });
  must(stage.haltFileStands(), "the halt file stands without Redis");
  await stage.redis.start();
  const returnedMs = Date.now();
  const course = await followPanic(stage, {
    ...{ atMs, what: "exit brain killed -9", flatWithinMs: 2000, completionWithinMs: 20_000 },
  });
  await seeHalt(stage, 10_000);
  must(stage.haltFileStands(), "the halt file still stands after the return of Redis");
  const flats = course.completions.filter((one) => one.status === "flat");
  must(flats.length === 1, `one flat completion, not ${flats.length}`);
  must(flats[0]?.positions_closed === POSITIONS, `it counts ${flats[0]?.positions_closed} of ${POSITIONS}`);
  await mustCloseOnce(stage, redisDiedMs);
  const timeline: Timeline = [
    [redisDiedMs, "Redis killed -9"],
    [flatMs, "seen flat without Redis, halt file stands"],
    [returnedMs, "Redis is back"],
    ...course.timeline.filter(([, what]) => what !== "seen flat, no order rests"),
  ];
  return timeline.toSorted(([a], [b]) => a - b);
}

/** How the venue becomes unreachable, and how it returns. */
interface Outage {
  begin(stage: Stage): Promise<void> | void;
  end(stage: Stage): Promise<void> | void;
}

const HANGING: Outage = {
  begin: (stage) => stage.role("paper-exchange").process().signal("SIGSTOP"),
  end: (stage) => stage.role("paper-exchange").process().signal("SIGCONT"),
};

const DROPPING: Outage = {
  begin: (stage) => stage.venue.faults({ rules: [{ effect: { kind: "lost_request" } }] }),
  end: (stage) => stage.venue.clearFaults(),
};

const OUTAGE_MS = 60_000;
/** Into the outage: the exit brain's death. */
const BRAIN_DIES_AFTER_MS = 2000;
/** 3 s unguarded after the last heartbeat, and the watchdog's rounds. */
const HALT_WITHIN_MS = 4000;

function venueGone(outage: Outage): () => Promise<Timeline> {
  return async () => {
    await using stage = await openStage();
    await stage.venue.openPositions(simulated(POSITIONS));
    await untilGuarded(stage, POSITIONS);
    await outage.begin(stage);
    const goneMs = Date.now();
    await Bun.sleep(BRAIN_DIES_AFTER_MS);
    await stage.role("exit-brain").kill();
    const atMs = Date.now();
    const haltedMs = await seeHalt(stage, FLAT_WITHIN_MS);
    mustFollow(atMs, haltedMs, { ms: HALT_WITHIN_MS, what: "entries halted after the exit brain's death" });
    await Bun.sleep(Math.max(0, goneMs + OUTAGE_MS - Date.now()));
    must((await haltedInRedis(stage)) === "true", "entries stay halted through the outage");
    await outage.end(stage);
    const returnedMs = Date.now();
    const course = await followPanic(stage, {
      ...{ atMs, what: "exit brain killed -9", flatWithinMs: FLAT_WITHIN_MS, completionWithinMs: 15_000 },
    });
    mustFollow(returnedMs, course.flatMs, { ms: FLAT_WITHIN_MS, what: "flat after the venue's return" });
    await mustCloseOnce(stage, goneMs);
    must((await haltedInRedis(stage)) === "true", "trading is halted in the end");
    must(stage.haltFileStands(), "the halt file stands");
    const timeline: Timeline = [
      [goneMs, "the venue is unreachable"],
      [haltedMs, "entries seen halted"],
      [returnedMs, "the venue is back"],
      ...course.timeline,
    ];
    return timeline.toSorted(([a], [b]) => a - b);
  };
}

/** Rows 6 and 17: what everybody depends on is gone, and then the exit brain dies. */
export const OUTAGE_SCENARIOS: readonly Scenario[] = [
  { row: 6, title: "Redis killed, then the exit brain", quick: false, run: redisDies },
  {
    ...{ row: 17, part: "a", title: "the venue hangs for 60 s, the exit brain dies meanwhile", quick: false },
    run: venueGone(HANGING),
  },
  {
    ...{ row: 17, part: "b", title: "the venue drops every request for 60 s, the same", quick: false },
    run: venueGone(DROPPING),
  },
];
