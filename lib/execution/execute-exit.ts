/**
 * A reduce-only intent: no gate, limit, switch or halt applies to it. It is proved against the venue's
 * position and clamped to it; where that cannot be read in time it is sent all the same, as an order that
 * the venue itself only lets reduce.
 */
import { planSuffix } from "../contract/position-plan.ts";
import { decideOrderSize } from "../exchange/decide-order-size.ts";
import type { Position } from "../exchange/exchange.ts";
import { decideExitOrder } from "./decide-exit-order.ts";
import { type Ending, rejected } from "./ending.ts";
import { type ExecutionParts, type Job, pause } from "./execution-parts.ts";
import { sendOrder } from "./send-order.ts";

/** How long one read of the positions may hold an exit up (ms). */
const POSITION_READ_MS_MAX = 300;
const READ_AGAIN_MS = 250;

/** An exit after `made` attempts. */
export async function executeExit(parts: ExecutionParts, job: Job, made: number): Promise<Ending> {
  const { intent } = job;
  const hedgeMode = parts.exchange.account()?.hedgeMode === true;
  for (;;) {
    const positions = await readPositions(parts, job);
    const decision = decideExitOrder({ intent, hedgeMode, positions });
    if (decision.kind === "read_again") {
      await pause(parts, job, READ_AGAIN_MS);
      continue;
    }
    if (decision.kind === "nothing_to_reduce")
      return rejected("NOTHING_TO_REDUCE", "the venue has no such position");
    if (decision.kind === "ambiguous") return rejected("POSITION_AMBIGUOUS", "long and short are open");
    if (await positionChanged(parts, job, decision.positionSide)) {
      return rejected("POSITION_CHANGED", `opened_at is not ${intent.opened_at_ms}`);
    }
    const rules = parts.exchange.rules(intent.symbol) ?? null;
    const size = decideOrderSize({ kind: "exit", rules, quantity: decision.quantity, markPrice: null });
    // Filters that leave nothing of an exit are the venue's to judge, not ours.
    const quantity = size.kind === "denied" ? decision.quantity : size.quantity;
    const { symbol } = intent;
    const { side, positionSide } = decision;
    const plan = { symbol, side, positionSide, quantity, reduceOnly: true };
    return sendOrder(parts, job, { plan, planAgain: async () => ({ kind: "plan", plan }) }, { made });
  }
}

/** The venue's code for a symbol that it does not trade: nothing can be open there. */
const NO_SUCH_SYMBOL = -1121;

async function readPositions(parts: ExecutionParts, job: Job): Promise<readonly Position[] | undefined> {
  const late = parts.clock.sleep(POSITION_READ_MS_MAX).then(() => undefined);
  const reading = await Promise.race([parts.exchange.positions(job.intent.symbol), late]);
  if (reading?.ok === true) return reading.value;
  // The one failed reading that is an answer: asked again for ever, the exit would never have its result.
  return reading?.outcome.code === NO_SUCH_SYMBOL ? [] : undefined;
}

/** Whether the exit was meant for a position that is not there any more. Unreadable: it is not delayed. */
async function positionChanged(
  parts: ExecutionParts,
  job: Job,
  positionSide: "BOTH" | "LONG" | "SHORT",
): Promise<boolean> {
  const { symbol, opened_at_ms: openedAtMs } = job.intent;
  if (openedAtMs === null) return false;
  const plan = `${parts.keys.positionPlanPrefix}${planSuffix(symbol, positionSide)}`;
  try {
    const recorded = await parts.redis.command(["HGET", plan, "opened_at"]);
    return typeof recorded === "string" && recorded !== String(openedAtMs);
  } catch (error) {
    if (parts.isRedisOutage(error)) throw error;
    parts.log.warn({ err: error, plan }, "the plan cannot be read: the exit is sent");
    return false;
  }
}
