/**
 * The trading path under kill -9: router, execution, both, or Redis die at random moments while decisions
 * flow and the venue loses replies after it has executed. What must hold is asserted at the end, on both ends of
 * the pipeline: every intent has exactly one order or one recorded non-order, and exactly one result; every open
 * position has exactly one stop that rests at the venue.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keysOf } from "../../lib/contract/keys.ts";
import { atRest } from "../../scripts/stack/at-rest.ts";
import { type DecisionKind, DecisionMaker } from "../../scripts/stack/decision-maker.ts";
import { fetchJson } from "../../scripts/stack/fetch-json.ts";
import { readPipeline } from "../../scripts/stack/read-pipeline.ts";
import { readPrices } from "../../scripts/stack/read-prices.ts";
import { type Reconciliation, reconcile } from "../../scripts/stack/reconcile.ts";
import type { RedisEye } from "../../scripts/stack/redis-process.ts";
import { seededRandom } from "../../scripts/stack/seeded-random.ts";
import { startTradingStack, type TradingStack } from "../../scripts/stack/trading-stack.ts";
import { waitFor } from "../../scripts/stack/wait-for.ts";
import { WIDE_OPEN } from "../support/pipeline.ts";
import { stopProblems } from "./stops-at-venue.ts";

export interface ChaosOptions {
  readonly kills: number;
  readonly decisions: number;
  readonly seed: number;
  readonly binaries: string;
  readonly say?: (line: string) => void;
}

export interface ChaosOutcome extends Reconciliation {
  readonly killed: Readonly<Record<string, number>>;
  /** Kills before the last decision was appended. */
  readonly killedMeanwhile: number;
  readonly fed: number;
  /** Distinct decisions that no limit stands against; each must have become exactly one intent. */
  readonly distinct: number;
  readonly intents: number;
  readonly results: number;
}

/** Seven in ten are new, three are published again. */
const MIX: readonly (readonly [DecisionKind, number])[] = [
  ["entry", 62],
  ["close", 8],
  ["repeated", 30],
];
const TARGETS = ["ai-strategy-router", "execution", "both", "redis"] as const;
/** Limits in nobody's way, and a market that moves. */
const ENV = {
  "ai-strategy-router": { ...WIDE_OPEN["ai-strategy-router"], INTENT_BACKLOG_MAX: "1000000" },
  execution: { ...WIDE_OPEN.execution, GATE_MODE: "audit", STALE_IDLE_MS: "5000" },
  "paper-exchange": { ...WIDE_OPEN["paper-exchange"], PAPER_SPEED: "1" },
};
const keys = keysOf("");

/** Appends until Redis took it; an append whose fate is unknown is repeated, like every at-least-once writer. */
async function append(eye: RedisEye, fields: readonly string[]): Promise<void> {
  await waitFor(
    "a decision is appended",
    async () => String(await eye.command("XADD", keys.decisionStream, "*", ...fields)),
    { timeoutMs: 30_000, everyMs: 20 },
  );
}

/** Runs the whole thing and reconciles. Throws when the pipeline does not come to rest. */
export async function runTradingChaos(options: ChaosOptions): Promise<ChaosOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "chaos-trading-"));
  const random = seededRandom(options.seed);
  const stack = await startTradingStack({
    folder,
    appendfsync: "always",
    binaries: options.binaries,
    env: ENV,
  });
  try {
    const venue = stack.daemons["paper-exchange"].url;
    await losesReplies(venue, options.seed);
    const eye = await stack.redis.eye();
    await eye.command("SET", keys.kill, "0");
    const course: Course = { options, random, beganMs: performance.now(), kills: 0 };
    const feeding = feed(stack, eye, course);
    const killed = await kill(stack, course);
    const { distinct, killedMeanwhile } = await feeding;
    await atRest(eye, keys, 90_000);
    const record = await readPipeline(eye, keys, venue);
    eye.close();
    const reconciled = reconcile(record);
    const problems = [...reconciled.problems, ...(await stopProblems(venue))];
    return {
      ...{ ...reconciled, problems },
      killed,
      killedMeanwhile,
      fed: options.decisions,
      distinct,
      intents: record.intents.filter(({ kind }) => kind !== "follow_up").length,
      results: record.results.length,
    };
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function losesReplies(venue: string, seed: number): Promise<void> {
  await fetchJson(`${venue}/paper/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      seed: `chaos-${seed}`,
      rules: [
        {
          match: { method: "POST", path: "/fapi/v1/order" },
          probability: 0.05,
          effect: { kind: "lost_reply" },
        },
        {
          match: { method: "POST", path: "/fapi/v1/algoOrder" },
          probability: 0.05,
          effect: { kind: "lost_reply" },
        },
      ],
    }),
  });
}

/** What feeding and killing know of each other. */
interface Course {
  readonly options: ChaosOptions;
  readonly random: () => number;
  readonly beganMs: number;
  kills: number;
}

/** What a kill takes, restart included, before one was timed (ms). */
const KILL_MS = 300;

/** Until the next decision (ms): they are to last as long as the kills, or most of these would meet nothing in work. */
function pauseMs({ options, random, beganMs, kills }: Course, fed: number): number {
  const killMs = kills === 0 ? KILL_MS : (performance.now() - beganMs) / kills;
  const meanMs = (killMs * (options.kills - kills)) / (options.decisions - fed);
  return 2 * meanMs * random();
}

async function feed(stack: TradingStack, eye: RedisEye, course: Course) {
  const { options, random } = course;
  const maker = new DecisionMaker(random, `chaos-${options.seed}`, MIX);
  const distinct = new Set<string>();
  const venue = stack.daemons["paper-exchange"].url;
  let marks = await readPrices(venue);
  for (let fed = 0; fed < options.decisions; fed += 1) {
    if (fed % 5 === 4) marks = await readPrices(venue);
    const { fields } = maker.next(marks, Date.now());
    distinct.add(fields.at(-1) ?? "");
    await append(eye, fields);
    if (fed + 1 < options.decisions) await Bun.sleep(pauseMs(course, fed));
  }
  return { distinct: distinct.size, killedMeanwhile: course.kills };
}

async function kill(stack: TradingStack, course: Course) {
  const { options, random } = course;
  const killed: Record<string, number> = {};
  for (let count = 0; count < options.kills; count += 1) {
    await Bun.sleep(50 + random() * 250);
    const roll = random();
    const target = roll < 0.35 ? TARGETS[0] : roll < 0.75 ? TARGETS[1] : roll < 0.9 ? TARGETS[2] : TARGETS[3];
    killed[target] = (killed[target] ?? 0) + 1;
    options.say?.(`kill ${count + 1}/${options.kills}: ${target}`);
    await killAndStart(stack, target);
    course.kills += 1;
  }
  return killed;
}

async function killAndStart(stack: TradingStack, target: (typeof TARGETS)[number]): Promise<void> {
  if (target === "redis") {
    stack.redis.process().signal("SIGKILL");
    await stack.redis.process().exited;
    await stack.redis.start();
    return;
  }
  const roles = target === "both" ? (["ai-strategy-router", "execution"] as const) : [target];
  for (const role of roles) stack.daemons[role].process().signal("SIGKILL");
  await Promise.all(roles.map((role) => stack.daemons[role].process().exited));
  await Promise.all(roles.map((role) => stack.daemons[role].start()));
}
