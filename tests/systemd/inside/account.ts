/**
 * Draws up the account of a run inside the booted machine, from Redis and from the venue's own record:
 * `bun account.ts SINCE_MS` prints one line and ends with 1 when something does not add up.
 *
 * 1. Every decision of /run/published became exactly one intent.
 * 2. Every intent has exactly one result, and at most one order at the venue.
 * 3. Two heartbeats of the exit brain are never further apart than the watchdog allows, unless it called a panic.
 * 4. Every open position has exactly one stop that rests at the venue.
 */

import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { decodeResult } from "../../../lib/contract/execution-result.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { decodeIntent } from "../../../lib/contract/trade-intent.ts";
import { entryTimeMs } from "../../../lib/redis/entry-time.ts";
import { atRest } from "../../../scripts/stack/at-rest.ts";
import { fetchJson } from "../../../scripts/stack/fetch-json.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import { acceptedOrderSchema, type PipelineRecord, reconcile } from "../../../scripts/stack/reconcile.ts";
import type { RedisEye } from "../../../scripts/stack/redis-process.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { stopProblems } from "../../chaos/stops-at-venue.ts";
import { redisEyeOf } from "./redis-eye.ts";

const VENUE = "http://127.0.0.1:8099";
/** Of the contract: longer than this without a heartbeat and with positions is a panic. */
const UNGUARDED_MS = 3000;
const REST_MS_MAX = 60_000;

const keys = keysOf("");
const stateSchema = z.looseObject({ orders: z.array(acceptedOrderSchema.extend({ time: z.number() })) });

/** The run alone: what streams hold from before belongs to a venue that forgot it when it was switched off. */
async function readRun(
  eye: RedisEye,
  sinceMs: number,
): Promise<PipelineRecord & { traces: readonly string[] }> {
  const ofRun = async (stream: string) =>
    (await readStream(eye, stream)).filter(({ id }) => entryTimeMs(id) >= sinceMs);
  const intentsOf = async (stream: string) =>
    (await ofRun(stream)).map(({ id, fields }) => {
      const decoded = decodeIntent(fields);
      if (decoded.kind === "undecodable") throw new Error(`${stream} ${id}: ${decoded.reason}`);
      return decoded.intent;
    });
  const entries = await intentsOf(keys.intentStream);
  const exits = await intentsOf(keys.exitIntentStream);
  const { orders } = stateSchema.parse(await fetchJson(`${VENUE}/paper/state`));
  return {
    intents: [
      ...entries.map((one) => ({ intentId: one.intent_id, kind: "entry" as const })),
      ...exits.map((one) => ({ intentId: one.intent_id, kind: "exit" as const })),
    ],
    results: (await ofRun(keys.resultStream)).map(({ fields }) => decodeResult(fields)),
    orders: orders.filter((one) => one.time >= sinceMs && !one.clientOrderId.startsWith("panic-")),
    traces: entries.map((one) => one.trace_id),
  };
}

function lostDecisions(traces: readonly string[]): { published: number; problems: readonly string[] } {
  const list = existsSync("/run/published") ? readFileSync("/run/published", "utf8").trim().split("\n") : [];
  const times = Map.groupBy(traces, (trace) => trace);
  const problems = list.flatMap((trace) => {
    const became = times.get(trace)?.length ?? 0;
    return became === 1 ? [] : [`decision ${trace} became ${became} intents`];
  });
  return { published: list.length, problems };
}

async function heartbeatGaps(eye: RedisEye, sinceMs: number) {
  const beats = (await readStream(eye, keys.heartbeatStream))
    .map(({ fields }) => Number(fields["ts"]))
    .filter((ts) => ts >= sinceMs);
  const longest = beats.reduce((most, ts, at) => Math.max(most, ts - (beats[at - 1] ?? ts)), 0);
  const panics = (await readStream(eye, keys.panicStream)).filter(
    ({ id }) => entryTimeMs(id) >= sinceMs,
  ).length;
  const unguarded = longest > UNGUARDED_MS && panics === 0;
  const gap = `${longest} ms between two heartbeats, ${panics} panics`;
  return { gap, beats: beats.length, problems: unguarded || beats.length === 0 ? [gap] : [] };
}

async function main(sinceMs: number): Promise<number> {
  const eye = await redisEyeOf("quantumctl");
  await atRest(eye, keys, REST_MS_MAX);
  const record = await readRun(eye, sinceMs);
  const told = reconcile(record);
  const decisions = lostDecisions(record.traces);
  const guarded = await heartbeatGaps(eye, sinceMs);
  // A stop follows its fill within moments.
  const stops = await waitFor(
    "stops",
    async () => ((await stopProblems(VENUE)).length === 0 ? [] : undefined),
    {
      timeoutMs: 10_000,
      everyMs: 100,
    },
  ).catch(() => stopProblems(VENUE));
  const problems = [...told.problems, ...decisions.problems, ...guarded.problems, ...stops];
  const ended = [...told.byStatus]
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${count} ${status}`);
  const orders = `${told.executedOrders} orders at the venue, ${told.triggeredStops} stops triggered`;
  process.stdout.write(
    `${decisions.published} decisions, ${record.intents.length} intents, ${record.results.length} results ` +
      `(${ended.join(", ")}), ${orders}; ${guarded.beats} beats, ${guarded.gap}\n`,
  );
  for (const problem of problems.slice(0, 20)) process.stdout.write(`  ${problem}\n`);
  eye.close();
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = await main(Number(process.argv[2] ?? 0));
