/**
 * A reduce-only intent: no gate, limit, switch or halt applies to it. It is proved against the venue's
 * position and clamped to it; where that cannot be read in time it is sent all the same, as an order that
 * the venue itself only lets reduce.
 */
import { planSuffix } from "../contract/position-plan.ts";
import { within } from "../daemon/within.ts";
import { decideOrderSize } from "../exchange/decide-order-size.ts";
import type { Position, PositionSide } from "../exchange/exchange.ts";
import { soundRows } from "../exchange/sound-rows.ts";
import { decideExitOrder } from "./decide-exit-order.ts";
import { FLAT_BELIEVED_AFTER_MS } from "./decide-stop.ts";
import { type Ending, rejected } from "./ending.ts";
import { type ExecutionParts, type Job, pause } from "./execution-parts.ts";
import { type OrderPlan, type Planned, sendOrder } from "./send-order.ts";

/** How long one read of the positions may hold an exit up (ms). */
const POSITION_READ_MS_MAX = 300;
const READ_AGAIN_MS = 250;

/** An exit after `made` attempts. */
export async function executeExit(parts: ExecutionParts, job: Job, made: number): Promise<Ending> {
  const proved = await proveExit(parts, job, undefined);
  if (proved.kind === "ended") return proved.ending;
  const { plan } = proved;
  return sendOrder(parts, job, { plan, planAgain: () => proveExit(parts, job, plan) }, { made });
}

/** The order, by the position as it is now; `before`: by how it was, where it cannot be read again in time. */
async function proveExit(parts: ExecutionParts, job: Job, before: OrderPlan | undefined): Promise<Planned> {
  const { intent } = job;
  const ended = (ending: Ending): Planned => ({ kind: "ended", ending });
  let meantAt = job.intent.opened_at_ms === null ? undefined : String(job.intent.opened_at_ms);
  for (;;) {
    const { positions, isWhole } = await readPositions(parts, job);
    const hedgeMode = parts.exchange.account()?.hedgeMode === true;
    if (!isWhole && before !== undefined && hedgeMode === (before.positionSide !== "BOTH"))
      return { kind: "plan", plan: before };
    const decision = decideExitOrder({ intent, hedgeMode, positions, isWhole });
    if (decision.kind === "read_again") {
      await pause(parts, job, READ_AGAIN_MS);
      continue;
    }
    if (decision.kind === "nothing_to_reduce") {
      const lateFill = await mayLagFill(parts, job, hedgeMode, meantAt);
      if (lateFill === undefined)
        return ended(rejected("NOTHING_TO_REDUCE", "the venue has no such position"));
      // What is opened while it waits is not what it was meant for. In hedge mode the plan may be the other side's.
      if (!hedgeMode) meantAt = lateFill;
      await pause(parts, job, READ_AGAIN_MS);
      continue;
    }
    if (decision.kind === "ambiguous")
      return ended(rejected("POSITION_AMBIGUOUS", "long and short are open"));
    if (await positionChanged(parts, job, decision.positionSide, meantAt))
      return ended(rejected("POSITION_CHANGED", `opened_at is not ${meantAt}`));
    const rules = parts.exchange.rules(intent.symbol) ?? null;
    const size = decideOrderSize({ kind: "exit", rules, quantity: decision.quantity, markPrice: null });
    // Filters that leave nothing of an exit are the venue's to judge, not ours.
    const quantity = size.kind === "denied" ? decision.quantity : size.quantity;
    const { symbol } = intent;
    const { side, positionSide } = decision;
    return { kind: "plan", plan: { symbol, side, positionSide, quantity, reduceOnly: true } };
  }
}

/** The venue's code for a symbol that it does not trade: nothing can be open there. */
const NO_SUCH_SYMBOL = -1121;

async function readPositions(
  parts: ExecutionParts,
  job: Job,
): Promise<{ readonly positions: readonly Position[] | undefined; readonly isWhole: boolean }> {
  const asked = parts.exchange.positions(job.intent.symbol);
  const reading = await within(parts.clock, POSITION_READ_MS_MAX, asked);
  // The one failed reading that is an answer: asked again for ever, the exit would never have its result.
  if (reading?.ok === false && reading.outcome.code === NO_SUCH_SYMBOL)
    return { positions: [], isWhole: true };
  return { positions: soundRows(reading), isWhole: reading?.ok === true };
}

/**
 * When a position of the symbol was opened so lately that a reading without it is not believed yet; `meantAt`: of the
 * one that is meant, where that is known.
 */
async function mayLagFill(
  parts: ExecutionParts,
  job: Job,
  hedgeMode: boolean,
  meantAt: string | undefined,
): Promise<string | undefined> {
  const sides: readonly PositionSide[] = hedgeMode ? ["LONG", "SHORT"] : ["BOTH"];
  const opened =
    meantAt === undefined ? await Promise.all(sides.map((side) => openedAt(parts, job, side))) : [meantAt];
  const nowMs = parts.exchange.serverNowMs();
  return opened.find(
    (atMs) => atMs !== undefined && Math.abs(nowMs - Number(atMs)) <= FLAT_BELIEVED_AFTER_MS,
  );
}

/** Whether the exit was meant for a position that is not there any more. */
async function positionChanged(
  parts: ExecutionParts,
  job: Job,
  side: PositionSide,
  meantAt: string | undefined,
): Promise<boolean> {
  if (meantAt === undefined) return false;
  const recorded = await openedAt(parts, job, side);
  return recorded !== undefined && recorded !== meantAt;
}

/** When a position was opened, as its plan has it. Unreadable is like none: the exit is not delayed. */
async function openedAt(parts: ExecutionParts, job: Job, side: PositionSide): Promise<string | undefined> {
  const plan = `${parts.keys.positionPlanPrefix}${planSuffix(job.intent.symbol, side)}`;
  try {
    const recorded = await parts.redis.command(["HGET", plan, "opened_at"]);
    return typeof recorded === "string" ? recorded : undefined;
  } catch (error) {
    if (parts.isRedisOutage(error)) throw error;
    parts.log.warn({ err: error, plan }, "the plan cannot be read: the exit is not held up");
    return undefined;
  }
}
