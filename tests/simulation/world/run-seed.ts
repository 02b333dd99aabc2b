import { mkdirSync, rmSync } from "node:fs";
import { keysOf } from "../../../lib/contract/keys.ts";
import { chanceOf } from "../engine/chance.ts";
import { Simulation } from "../engine/simulation.ts";
import { FaultDriver } from "../faults/fault-driver.ts";
import type { TimedRedis } from "../redis/timed-redis.ts";
import { buildExecution } from "../roles/execution.ts";
import { ProcessHost } from "../roles/process-host.ts";
import { buildRouter } from "../roles/router.ts";
import type { SeedResult } from "../runner/seed-result.ts";
import { Findings } from "../watch/findings.ts";
import { watchEverything } from "../watch/watch-everything.ts";
import { DecisionEngine } from "./decision-engine.ts";
import { Market } from "./market.ts";
import { Operator } from "./operator.ts";
import { drawProfile, environments } from "./profile.ts";

/** Bound of invariant 7: when faults stop, everything is drained and ready by then, virtual ms. */
const CALM_MS_MAX = 60_000;
const LOOK_EVERY_MS = 500;

/** One run: a seed's world, broken for `steps` events, then left in peace until it is at rest. */
export async function runSeed(options: {
  readonly seed: number;
  readonly steps: number;
  readonly redis: TimedRedis;
  /** Rejections that nobody took, since it was last asked. */
  readonly unheard: () => readonly string[];
}): Promise<SeedResult> {
  const { seed, steps, redis } = options;
  const profile = drawProfile(chanceOf(seed, "profile"));
  const folder = `${redis.folder}/${seed}`;
  mkdirSync(folder, { recursive: true });
  const simulation = new Simulation({
    ...{ seed, redis, folder, epochMs: profile.epochMs },
  });
  const { timeline, trace } = simulation;
  const findings = new Findings(() => ({ step: timeline.steps, atMs: timeline.nowUs / 1000 }));
  const keys = keysOf("");
  const env = environments(profile, folder);
  const host = (name: string, build: typeof buildRouter, environment: Readonly<Record<string, string>>) =>
    new ProcessHost(
      simulation,
      { name, instance: name, build, environment, beatAgeMsMax: 20_000 },
      ({ role, error }) =>
        findings.report(8, `${role}: ${error instanceof Error ? error.message : String(error)}`),
    );
  const first = host("router-1", buildRouter, env.router);
  const others = [
    ...(profile.routers > 1 ? [host("router-2", buildRouter, env.router)] : []),
    ...Array.from({ length: profile.executions }, (_, at) =>
      host(`execution-${at + 1}`, buildExecution, env.execution),
    ),
  ];
  const hosts = [first, ...others] as const;
  const operator = new Operator(simulation, keys, env.haltFile);
  const market = new Market(simulation, profile.priceStepPct);
  const engine = new DecisionEngine(simulation, { keys, market, everyMs: profile.decisionEveryMs });
  const watch = watchEverything({ simulation, keys, findings, profile, haltFile: env.haltFile, hosts });
  for (const one of hosts) one.start();
  const faults = new FaultDriver(simulation, hosts, () => {
    watch.stateLost();
    engine.stateLost();
    timeline.after(1_500_000, timeline.nobody, "operator arms anew", () => operator.arm());
  });
  while (timeline.steps < steps && findings.all.length === 0) timeline.step(Number.POSITIVE_INFINITY);
  trace.say(timeline.nowUs, "world", "faults stop");
  faults.stop();
  operator.clearAll();
  engine.stop();
  const calmFromUs = timeline.nowUs;
  while (findings.all.length === 0) {
    const lookUs = timeline.nowUs + LOOK_EVERY_MS * 1000;
    while (findings.all.length === 0 && timeline.step(lookUs));
    const restless = watch.restless();
    if (restless.length === 0) break;
    if (timeline.nowUs - calmFromUs > CALM_MS_MAX * 1000) {
      findings.report(7, `not at rest ${CALM_MS_MAX} ms after the last fault: ${restless.join("; ")}`);
    }
  }
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
    finding: findings.all[0],
    lines: [...trace.newest(4000)],
  };
}
