import { mkdirSync, rmSync } from "node:fs";
import type { TimedRedis } from "../redis/timed-redis.ts";
import type { SeedResult } from "../runner/seed-result.ts";
import { openWorld, type World } from "./world.ts";

/** Bound of invariant 7: when faults stop, everything is drained and ready by then, virtual ms. */
const CALM_MS_MAX = 60_000;
const LOOK_EVERY_MS = 500;
const LINES_KEPT = 4000;
/** The emergency chain looks at its watch twenty times a second: as many events are less time. */
const TIMES_AS_MANY_STEPS = { limits: 1, orders: 2, chain: 2.4, lonely_brain: 5 } as const;

/** One run: a seed's world, broken for `steps` events, then left in peace until it is at rest. */
export async function runSeed(options: {
  readonly seed: number;
  readonly steps: number;
  readonly redis: TimedRedis;
  /** Rejections that nobody took, since it was last asked. */
  readonly unheard: () => readonly string[];
}): Promise<SeedResult> {
  const { seed, redis } = options;
  const folder = `${redis.folder}/${seed}`;
  mkdirSync(folder, { recursive: true });
  const world = openWorld({ seed, redis, folder });
  const { simulation, findings, watch } = world;
  const { timeline, trace } = simulation;
  const steps = options.steps * TIMES_AS_MANY_STEPS[world.profile.focus];
  while (timeline.steps < steps && findings.all.length === 0) timeline.step(Number.POSITIVE_INFINITY);
  if (findings.all.length === 0) restInPeace(world);
  if (findings.all.length === 0) watch.atEnd();
  simulation.close();
  // The runtime tells of rejections that nobody took only between its own turns.
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (const rejection of options.unheard()) findings.report(8, `nobody took a rejection: ${rejection}`);
  rmSync(folder, { recursive: true, force: true });
  return {
    ...{ seed, steps: timeline.steps, virtualMs: timeline.nowUs / 1000, hash: trace.hash },
    executedOrders: watch.executedOrders(),
    intents: watch.intents(),
    panics: watch.panics(),
    exitsJudged: watch.exitsJudged(),
    finding: findings.all[0],
    lines: [...trace.newest(LINES_KEPT)],
  };
}

function restInPeace({ simulation, findings, watch, makePeace }: World): void {
  const { timeline, trace } = simulation;
  trace.say(timeline.nowUs, "world", "is left in peace");
  makePeace();
  const fromUs = timeline.nowUs;
  while (findings.all.length === 0) {
    const untilUs = timeline.nowUs + LOOK_EVERY_MS * 1000;
    let more = true;
    while (more && findings.all.length === 0) more = timeline.step(untilUs);
    const restless = watch.restless();
    if (restless.length === 0) return;
    if (timeline.nowUs - fromUs > CALM_MS_MAX * 1000) {
      findings.report(7, `not at rest ${CALM_MS_MAX} ms after the last fault: ${restless.join("; ")}`);
    }
  }
}
