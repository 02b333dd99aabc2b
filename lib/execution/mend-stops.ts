/**
 * Stops that could not be placed when their entry settled. The list of them is in Redis, written by the call that
 * settles, so that a process which died in between changes nothing.
 *
 * 1. A position leaves the list only when a stop of its direction rests, nothing is open any more, its plan is
 *    gone, or an exit is on its way because the mark has passed the stop.
 * 2. Whatever stop somebody else has placed meanwhile is left as it is.
 */
import { type PositionPlan, positionPlanSchema } from "../contract/position-plan.ts";
import { STATISTICS } from "../contract/statistics.ts";
import { encodeIntent } from "../contract/trade-intent.ts";
import { appendEntry } from "../kernel/append-entry.ts";
import { isRedisTrouble } from "../redis/redis-errors.ts";
import type { ExecutionParts } from "./execution-parts.ts";
import { followUpExit } from "./follow-up-exit.ts";
import { wantedStop } from "./guard-fill.ts";
import { placeStop, type StopOutcome } from "./place-stop.ts";

export interface MenderParts extends ExecutionParts {
  /** Tells how many positions lack their stop. */
  readonly missing: { set(count: number): void };
}

const LOOK_EVERY_MS = 1000;
const BACK_OFF_LAST_MS = 30_000;
const LISTED_MAX = 200;

interface Retry {
  readonly count: number;
  readonly notBeforeMs: number;
}

/** Mends until the signal aborts. Errors of Redis end a round; anything else ends the process. */
export async function mendStops(parts: MenderParts, signal: AbortSignal): Promise<void> {
  const retries = new Map<string, Retry>();
  while (!signal.aborted) {
    await parts.clock.sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted) return;
    try {
      await mendAll(parts, retries, signal);
    } catch (error) {
      if (!isRedisTrouble(error)) throw error;
    }
  }
}

async function mendAll(parts: MenderParts, retries: Map<string, Retry>, signal: AbortSignal): Promise<void> {
  const reply = await parts.redis.command(["ZRANGE", parts.keys.stopsMissing, "0", String(LISTED_MAX - 1)]);
  const listed = Array.isArray(reply) ? reply.map(String) : [];
  parts.missing.set(listed.length);
  for (const key of retries.keys()) if (!listed.includes(key)) retries.delete(key);
  const nowMs = parts.clock.monotonicMs();
  const due = listed.filter((key) => (retries.get(key)?.notBeforeMs ?? 0) <= nowMs);
  for (const planKey of due) {
    if (signal.aborted) return;
    if (await mend(parts, planKey, signal)) continue;
    const count = (retries.get(planKey)?.count ?? 0) + 1;
    const waitMs = Math.min(LOOK_EVERY_MS * 2 ** count, BACK_OFF_LAST_MS);
    retries.set(planKey, { count, notBeforeMs: parts.clock.monotonicMs() + waitMs });
  }
}

/** Whether the position needs nothing more. */
async function mend(parts: MenderParts, planKey: string, signal: AbortSignal): Promise<boolean> {
  const plan = await readPlan(parts, planKey);
  const outcome = plan === undefined ? FLAT : await place(parts, plan, signal);
  if (outcome.kind === "missing") {
    parts.log.warn({ plan: planKey, why: outcome.why }, "PROTECTIVE_STOP_MISSING still");
    return false;
  }
  // Another entry may have written its own plan, and its own missing stop, meanwhile.
  if ((await readPlan(parts, planKey))?.intent_id !== plan?.intent_id) return true;
  if (plan !== undefined && outcome.kind === "passed") await publishExit(parts, plan);
  await parts.redis.command(["ZREM", parts.keys.stopsMissing, planKey]);
  if (outcome.kind === "rests") {
    await parts.redis.command(["HINCRBY", `${parts.keys.statsPrefix}execution`, STATISTICS.stopsMended, "1"]);
  }
  parts.log.info({ plan: planKey, outcome: outcome.kind }, "PROTECTIVE_STOP_MENDED");
  return true;
}

const FLAT: StopOutcome = { kind: "flat" };

/** Undefined: there is none, or it cannot be read; the exit brain adopts such a position. */
async function readPlan(parts: MenderParts, planKey: string): Promise<PositionPlan | undefined> {
  const reply = await parts.redis.command(["HGETALL", planKey]);
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  const pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""]] : []));
  const plan = positionPlanSchema.safeParse(Object.fromEntries(pairs));
  return plan.success ? plan.data : undefined;
}

async function place(parts: MenderParts, plan: PositionPlan, signal: AbortSignal): Promise<StopOutcome> {
  const opens = plan.side === "LONG" ? "BUY" : "SELL";
  const { symbol, position_side: positionSide, intent_id: intentId, stop_loss: stopLoss } = plan;
  const rules = parts.exchange.rules(symbol);
  const wanted = wantedStop({ intentId, symbol, opens, positionSide, stopLoss }, rules);
  if (wanted === undefined) return { kind: "missing", why: `no price for ${stopLoss}` };
  const filledAtMs = plan.opened_at;
  const task = { wanted, filledAtMs, fresh: false, replaces: false, limitMs: 0, signal };
  return (await placeStop(parts, task)) ?? FLAT;
}

/** Under an id of its own: published twice, it is executed once. */
async function publishExit(parts: MenderParts, plan: PositionPlan): Promise<void> {
  const { intent_id, symbol } = plan;
  const exit = followUpExit({
    after: { intent_id, correlation_id: intent_id, trace_id: intent_id, leverage: 1, strategy: "" },
    reason: "STOP_PASSED",
    symbol,
    side: plan.side === "LONG" ? "SELL" : "BUY",
    positionSide: plan.position_side,
    quantity: null,
    openedAtMs: plan.opened_at,
    nowMs: parts.redis.serverNowMs(),
  });
  await appendEntry(parts.redis, {
    stream: parts.keys.exitIntentStream,
    fields: ["data", encodeIntent(exit)],
  });
}
