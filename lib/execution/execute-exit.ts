/**
 * A reduce-only intent: no gate, limit, switch or halt applies to it. It is proved against the venue's
 * position and clamped to it; where that cannot be read in time it is sent all the same, as an order that
 * the venue itself only lets reduce.
 */
import { countTextSchema } from "../contract/count-text.ts";
import { planSuffix } from "../contract/position-plan.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";
import { within } from "../daemon/within.ts";
import { decideOrderSize } from "../exchange/decide-order-size.ts";
import type { Position, PositionSide } from "../exchange/exchange.ts";
import { POSITION_LAG_MS_MAX } from "../exchange/position-lag.ts";
import { soundRows } from "../exchange/sound-rows.ts";
import { decideExitOrder, type ExitDecision, mayClose } from "./decide-exit-order.ts";
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
  let meant = job.intent;
  for (;;) {
    const { positions, isWhole } = await readPositions(parts, job);
    const hedgeMode = parts.exchange.account()?.hedgeMode === true;
    if (!isWhole && before !== undefined && hedgeMode === (before.positionSide !== "BOTH"))
      return (await changed(parts, meant, before.positionSide)) ?? { kind: "plan", plan: before };
    const decision = decideExitOrder({ intent: meant, hedgeMode, positions, isWhole });
    if (decision.kind === "read_again") {
      await pause(parts, job, READ_AGAIN_MS);
      continue;
    }
    if (decision.kind === "nothing_to_reduce") {
      const [late, other] = await lateFills(parts, meant, hedgeMode);
      if (late === undefined) return ended("NOTHING_TO_REDUCE", "the venue has no such position");
      // What is opened while it waits is not what it was meant for.
      if (other === undefined) meant = late;
      await pause(parts, job, READ_AGAIN_MS);
      continue;
    }
    if (decision.kind === "ambiguous") return ended("POSITION_AMBIGUOUS", "long and short are open");
    return (await changed(parts, meant, decision.positionSide)) ?? planOf(parts, meant, decision);
  }
}

function ended(reason: Parameters<typeof rejected>[0], detail: string): Planned {
  return { kind: "ended", ending: rejected(reason, detail) };
}

function planOf(
  parts: ExecutionParts,
  { symbol }: TradeIntent,
  decision: Extract<ExitDecision, { kind: "close" }>,
): Planned {
  const { side, positionSide } = decision;
  const rules = parts.exchange.rules(symbol) ?? null;
  const size = decideOrderSize({ kind: "exit", rules, quantity: decision.quantity, markPrice: null });
  // Filters that leave nothing of an exit are the venue's to judge, not ours.
  const quantity = size.kind === "denied" ? decision.quantity : size.quantity;
  return { kind: "plan", plan: { symbol, side, positionSide, quantity, reduceOnly: true } };
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

const HEDGED = ["LONG", "SHORT"] as const;

/**
 * The exit as meant for each position that it may close and that was opened so lately that a reading without it is not
 * believed yet.
 */
async function lateFills(
  parts: ExecutionParts,
  exit: TradeIntent,
  hedgeMode: boolean,
): Promise<readonly TradeIntent[]> {
  const { symbol, opened_at_ms: meantMs } = exit;
  const sides = hedgeMode ? HEDGED.filter((side) => mayClose(exit, side)) : (["BOTH"] as const);
  const opened = await Promise.all(
    sides.map(async (side) => ({ side, atMs: meantMs ?? (await openedAtMs(parts, symbol, side)) })),
  );
  const nowMs = parts.exchange.serverNowMs();
  return opened
    .filter(({ atMs }) => atMs !== undefined && Math.abs(nowMs - atMs) <= POSITION_LAG_MS_MAX)
    .map(({ side, atMs = null }) => ({
      ...exit,
      opened_at_ms: atMs,
      position_side: hedgeMode ? side : exit.position_side,
    }));
}

/** How an exit ends that was meant for a position that is not there any more. */
async function changed(
  parts: ExecutionParts,
  { symbol, opened_at_ms: meantMs }: TradeIntent,
  side: PositionSide,
): Promise<Planned | undefined> {
  if (meantMs === null) return undefined;
  const recorded = await openedAtMs(parts, symbol, side);
  if (recorded === undefined || recorded === meantMs) return undefined;
  return ended("POSITION_CHANGED", `opened_at is not ${meantMs}`);
}

/** When a position was opened, as its plan has it. Unreadable is like none: the exit is not delayed. */
async function openedAtMs(
  parts: ExecutionParts,
  symbol: string,
  side: PositionSide,
): Promise<number | undefined> {
  const plan = `${parts.keys.positionPlanPrefix}${planSuffix(symbol, side)}`;
  try {
    return countTextSchema.safeParse(await parts.redis.command(["HGET", plan, "opened_at"])).data;
  } catch (error) {
    if (parts.isRedisOutage(error)) throw error;
    parts.log.warn({ err: error, plan }, "the plan cannot be read: the exit is not held up");
    return undefined;
  }
}
