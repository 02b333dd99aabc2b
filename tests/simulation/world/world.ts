import { keysOf } from "../../../lib/contract/keys.ts";
import { chanceOf } from "../engine/chance.ts";
import { Simulation } from "../engine/simulation.ts";
import { FaultDriver } from "../faults/fault-driver.ts";
import type { TimedRedis } from "../redis/timed-redis.ts";
import { ProcessHost } from "../roles/process-host.ts";
import { programOf } from "../roles/programs.ts";
import { Findings } from "../watch/findings.ts";
import { EXIT_BRAIN_URL, watchEverything } from "../watch/watch-everything.ts";
import { DecisionEngine } from "./decision-engine.ts";
import { Market } from "./market.ts";
import { Operator } from "./operator.ts";
import { ADMIN_SERVERS } from "./operator-desk.ts";
import { drawProfile, environments, type Profile } from "./profile.ts";
import { keepRecovering } from "./recovery-timer.ts";

/** A world with everybody in it, about to begin. */
export interface World {
  readonly simulation: Simulation;
  readonly profile: Profile;
  readonly findings: Findings;
  readonly watch: ReturnType<typeof watchEverything>;
  readonly hosts: readonly ProcessHost[];
  /** Mends everything, arms trading and lets nobody decide any more. */
  makePeace(): void;
}

/** The world of a seed. */
export function openWorld(options: {
  readonly seed: number;
  readonly redis: TimedRedis;
  readonly folder: string;
}): World {
  const { seed, redis, folder } = options;
  const profile = drawProfile(chanceOf(seed, "profile"));
  const simulation = new Simulation({ seed, redis, folder, epochMs: profile.epochMs });
  const { timeline } = simulation;
  if (profile.hedge) simulation.venue.setHedgeMode();
  const findings = new Findings(() => ({ step: timeline.steps, atMs: timeline.nowUs / 1000 }));
  const keys = keysOf("");
  const env = environments(profile, folder);
  const hosts = openHosts({ simulation, profile, env, findings });
  const watch = watchEverything({ simulation, keys, findings, profile, haltFile: env.haltFile, hosts });
  const operator = new Operator(simulation, {
    keys,
    haltFile: env.haltFile,
    chain: profile.chain,
    everyMs: profile.operatorEveryMs,
    routers: profile.routers,
    onAnswer: (answer) => watch.answered(answer),
  });
  const market = new Market(simulation, profile.priceStepPct);
  const engine = new DecisionEngine(simulation, { keys, market, everyMs: profile.decisionEveryMs });
  for (const one of hosts) one.start();
  const stopRecovering = keepRecovering(simulation, { environment: env.recovery, findings });
  const armAnew = () =>
    timeline.after(1_500_000, timeline.nobody, "operator arms anew", () => operator.arm());
  const memory = {
    lost: () => {
      watch.stateLost();
      engine.stateLost();
      armAnew();
    },
    rolledBack: (toUs: number) => {
      watch.rolledBack(toUs);
      armAnew();
    },
  };
  const faults = new FaultDriver(simulation, hosts, {
    focus: profile.focus,
    memory,
    panicStream: keys.panicStream,
  });
  watch.follow(faults);
  return {
    ...{ simulation, profile, findings, watch, hosts },
    makePeace: () => {
      faults.stop();
      stopRecovering();
      engine.stop();
      operator.clearAll();
    },
  };
}

function openHosts(parts: {
  readonly simulation: Simulation;
  readonly profile: Profile;
  readonly env: ReturnType<typeof environments>;
  readonly findings: Findings;
}): readonly [ProcessHost, ...ProcessHost[]] {
  const { simulation, profile, env, findings } = parts;
  const host = (role: string, name: string, environment: Readonly<Record<string, string>>) =>
    new ProcessHost(
      simulation,
      { name, instance: name, program: programOf(role), environment },
      ({ role, error }) =>
        findings.report(8, `${role}: ${error instanceof Error ? error.message : String(error)}`),
    );
  const many = (role: string, count: number, environment: Readonly<Record<string, string>>) =>
    Array.from({ length: count }, (_, at) => host(role, `${role}-${at + 1}`, environment));
  const first = host("ai-strategy-router", "router-1", env.router);
  const others = [
    ...(profile.routers > 1 ? [host("ai-strategy-router", "router-2", env.router)] : []),
    ...many("execution", profile.executions, env.execution),
  ];
  const serve = (one: ProcessHost) => {
    const [, address] = Object.entries(ADMIN_SERVERS).find(([name]) => name === one.role.name) ?? [];
    if (address !== undefined)
      simulation.local.serveAlways(
        address,
        () => one.life,
        (request) => one.admin(request),
      );
  };
  for (const one of [first, ...others]) serve(one);
  if (!profile.chain) return [first, ...others];
  const brain = host("exit-brain", "exit-brain", env.exitBrain);
  simulation.local.serveAlways(
    EXIT_BRAIN_URL,
    () => brain.life,
    () => {
      const beatAgeMs = Math.round(brain.beatAgeMs());
      const ok = beatAgeMs <= 3000;
      return Response.json({ role: "exit-brain", ok, beatAgeMs }, { status: ok ? 200 : 503 });
    },
  );
  const worker = host("emergency-exit-worker", "worker", env.worker);
  serve(worker);
  const chain = [brain, host("exit-brain-watchdog", "watchdog", env.watchdog), worker];
  return [first, ...others, ...chain];
}
