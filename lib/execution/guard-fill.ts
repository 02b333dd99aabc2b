import { countTextSchema } from "../contract/count-text.ts";
import { planSuffix } from "../contract/position-plan.ts";
import { protectiveStopId } from "../exchange/client-order-id.ts";
import { decideTriggerPrice } from "../exchange/decide-trigger-price.ts";
import type { OrderSide, PositionSide, VenueOrder } from "../exchange/exchange.ts";
import { POSITION_LAG_MS_MAX } from "../exchange/position-lag.ts";
import type { SymbolRules } from "../exchange/symbol-rules.ts";
import type { WantedStop } from "./decide-stop.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { placeStop, type StopOutcome } from "./place-stop.ts";

/** How long an entry's result may wait for its stop (ms), besides the request under way then. */
const STOP_LIMIT_MS = 2000;

/** The stop of a plan as the venue is asked for it; undefined when its price filter has no place for it. */
export function wantedStop(
  plan: {
    readonly intentId: string;
    readonly symbol: string;
    readonly opens: OrderSide;
    readonly positionSide: PositionSide;
    readonly stopLoss: string;
  },
  rules: SymbolRules | undefined,
): WantedStop | undefined {
  const side = plan.opens === "BUY" ? "SELL" : "BUY";
  const triggerPrice =
    rules === undefined ? plan.stopLoss : decideTriggerPrice({ price: plan.stopLoss, side, rules });
  if (triggerPrice === undefined) return undefined;
  const { symbol, positionSide } = plan;
  return { symbol, side, positionSide, triggerPrice, clientAlgoId: protectiveStopId(plan.intentId) };
}

/** How an order came to be known as filled. */
export interface FillKnowledge {
  /** By the reply to the order, so that nothing of ours can rest yet. */
  readonly fresh: boolean;
  /** By the venue alone: Redis has forgotten the order, and whatever happened since. */
  readonly recalled?: boolean;
  /** Whether its stop could not be placed before: one try is made. */
  readonly again?: boolean;
}

/**
 * Makes the stop of a filled entry rest at the venue. Undefined: nobody wants one (an exit, or PROTECTIVE_STOP=none), or
 * a later entry's is the one to be there.
 */
export async function guardFill(
  parts: ExecutionParts,
  job: Job,
  order: VenueOrder,
  { fresh, recalled = false, again = false }: FillKnowledge,
): Promise<StopOutcome | undefined> {
  const { intent, kind, signal } = job;
  if (kind === "exit" || parts.rules.protectiveStop === "none") return undefined;
  const plan = {
    intentId: intent.intent_id,
    symbol: order.symbol,
    opens: order.side,
    positionSide: order.positionSide,
    stopLoss: intent.stop_loss ?? "0",
  };
  const wanted = wantedStop(plan, parts.exchange.rules(order.symbol));
  if (wanted === undefined) return { kind: "missing", why: `no price at the venue for ${plan.stopLoss}` };
  return placeStop(parts, {
    ...{ wanted, fresh, recalled, replaces: true, signal },
    filledAtMs: order.updateTimeMs,
    limitMs: again ? 0 : STOP_LIMIT_MS + (recalled ? POSITION_LAG_MS_MAX : 0),
    isSuperseded: () => hasLaterPlan(parts, order),
  });
}

/** Whether the plan there is of an entry that filled later, by what the call that settles goes by too. */
async function hasLaterPlan(parts: ExecutionParts, order: VenueOrder): Promise<boolean> {
  const { redis, keys } = parts;
  const plan = `${keys.positionPlanPrefix}${planSuffix(order.symbol, order.positionSide)}`;
  try {
    const reply = await redis.command(["HMGET", plan, "opened_at", "intent_id"]);
    const [openedAt, intentId] = Array.isArray(reply) ? reply : [];
    const atMs = countTextSchema.safeParse(openedAt).data;
    if (atMs === undefined || atMs <= order.updateTimeMs) return false;
    return (await redis.command(["EXISTS", `${keys.orderLedgerPrefix}${intentId}`])) === 1;
  } catch {
    // A position is guarded whether Redis answers or not.
    return false;
  }
}
