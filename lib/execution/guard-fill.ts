import { protectiveStopId } from "../exchange/client-order-id.ts";
import { decideTriggerPrice } from "../exchange/decide-trigger-price.ts";
import type { OrderSide, PositionSide, VenueOrder } from "../exchange/exchange.ts";
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

/**
 * Makes the stop of a filled entry rest at the venue. `fresh`: the fill came in the reply to the order, so that
 * nothing of ours can rest yet. Undefined: nobody wants one (an exit, or PROTECTIVE_STOP=none).
 */
export async function guardFill(
  parts: ExecutionParts,
  job: Job,
  order: VenueOrder,
  fresh: boolean,
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
  const filledAtMs = order.updateTimeMs;
  return placeStop(parts, { wanted, filledAtMs, fresh, replaces: true, limitMs: STOP_LIMIT_MS, signal });
}
