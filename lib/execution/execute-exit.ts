/**
 * A reduce-only intent: no gate, limit, switch or halt applies to it. It is proved against the venue's
 * position and clamped to it; where that cannot be read in time it is sent all the same, as an order that
 * the venue itself only lets reduce.
 */
import { within } from "../daemon/within.ts";
import { decideOrderSize, smallestMarketOrder } from "../exchange/decide-order-size.ts";
import type { ListReading, Position } from "../exchange/exchange.ts";
import { POSITION_LAG_MS_MAX } from "../exchange/position-lag.ts";
import { soundRows } from "../exchange/sound-rows.ts";
import type { LedgerOrder } from "../kernel/order-ledger.ts";
import { unsoundSize } from "./asked-quantity.ts";
import { decideExitOrder, type ExitDecision } from "./decide-exit-order.ts";
import { denied, type Ending, rejected } from "./ending.ts";
import { type ExecutionParts, type Job, pause } from "./execution-parts.ts";
import { MeantPosition } from "./meant-position.ts";
import { POSITION_READ_MS_MAX } from "./position-read.ts";
import { type OrderPlan, type Planned, sendOrder } from "./send-order.ts";

const READ_AGAIN_MS = 250;
/** How old the mark may be by which an exit in USD is sized where its position says none (ms). */
const MARK_AGE_MS_MAX = 2000;

/** An exit; `before`: how far it came in a handling that broke off. */
export async function executeExit(
  parts: ExecutionParts,
  job: Job,
  before: LedgerOrder | undefined,
): Promise<Ending> {
  const unsound = unsoundSize(job.intent);
  if (unsound !== undefined) return denied("NOT_A_NUMBER", unsound);
  const meant = new MeantPosition(parts, job.intent, before);
  const proved = await proveExit(parts, job, { meant, before: undefined });
  if (proved.kind === "ended") return proved.ending;
  const { plan } = proved;
  const pinned = meant.pinTo(plan);
  const planAgain = async () => {
    await pinned;
    return proveExit(parts, job, { meant, before: plan });
  };
  return sendOrder(parts, job, { plan, planAgain }, { made: before?.attempt ?? 0 });
}

/** The order, by the position as it is now; `before`: by how it was, where it cannot be read again in time. */
async function proveExit(
  parts: ExecutionParts,
  job: Job,
  { meant, before }: { readonly meant: MeantPosition; readonly before: OrderPlan | undefined },
): Promise<Planned> {
  let underWay: Promise<ListReading<Position>> | undefined;
  let askedAtMs = 0;
  let nothingSinceMs = Number.POSITIVE_INFINITY;
  for (;;) {
    if (underWay === undefined) askedAtMs = parts.clock.monotonicMs();
    const asked = underWay ?? parts.exchange.positions(job.intent.symbol);
    const reading =
      underWay === undefined ? await within(parts.clock, POSITION_READ_MS_MAX, asked) : await asked;
    const hedgeMode = parts.exchange.account()?.hedgeMode === true;
    const read = rowsOf(reading);
    if (!read.isWhole && before !== undefined && hedgeMode === (before.positionSide !== "BOTH"))
      return (await changed(meant, before)) ?? { kind: "plan", plan: before };
    const decision = decideExitOrder({ intent: meant.exit, hedgeMode, ...read, ...sizedBy(parts, job) });
    // Asked anew each time, a venue that takes longer would never be heard: its own deadline ends the request.
    underWay = decision.kind === "read_again" && reading === undefined ? asked : undefined;
    if (underWay !== undefined) continue;
    if (decision.kind === "ambiguous") return ended("POSITION_AMBIGUOUS", "long and short are open");
    if (decision.kind === "close") return (await changed(meant, decision)) ?? planOf(parts, job, decision);
    if (decision.kind === "nothing_to_reduce") {
      const believed = askedAtMs - nothingSinceMs >= POSITION_LAG_MS_MAX;
      if (believed || !(await meant.pinIfMayBeOpen(hedgeMode)))
        return ended("NOTHING_TO_REDUCE", "the venue has no such position");
      nothingSinceMs = Math.min(nothingSinceMs, parts.clock.monotonicMs());
    }
    await pause(parts, job, READ_AGAIN_MS);
  }
}

/** How an exit ends that was meant for a position that is not there any more. */
async function changed(
  meant: MeantPosition,
  { positionSide }: Pick<OrderPlan, "positionSide">,
): Promise<Planned | undefined> {
  if (!(await meant.isAnother(positionSide))) return undefined;
  const { opened_at_ms: openedAtMs } = meant.exit;
  const why =
    openedAtMs === null ? "opened later than what the exit is for" : `opened_at is not ${openedAtMs}`;
  return ended("POSITION_CHANGED", why);
}

function sizedBy(parts: ExecutionParts, { intent: { symbol } }: Job) {
  const mark = parts.markOf(symbol);
  const rules = parts.exchange.rules(symbol);
  return {
    markPrice: mark !== undefined && mark.ageMs <= MARK_AGE_MS_MAX ? mark.price : undefined,
    leastQuantity: rules === undefined ? undefined : smallestMarketOrder(rules),
  };
}

function ended(reason: Parameters<typeof rejected>[0], detail: string): Planned {
  return { kind: "ended", ending: rejected(reason, detail) };
}

function planOf(
  parts: ExecutionParts,
  { intent: { symbol } }: Job,
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

function rowsOf(reading: ListReading<Position> | undefined): {
  readonly positions: readonly Position[] | undefined;
  readonly isWhole: boolean;
} {
  // The one failed reading that is an answer: asked again for ever, the exit would never have its result.
  if (reading?.ok === false && reading.outcome.code === NO_SUCH_SYMBOL)
    return { positions: [], isWhole: true };
  return { positions: soundRows(reading), isWhole: reading?.ok === true };
}
