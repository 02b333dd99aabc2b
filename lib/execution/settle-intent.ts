import Big from "big.js";
import { blockedOrderId, type ExecutionResult, type ResultStatus } from "../contract/execution-result.ts";
import { planSuffix, type StoredPlan } from "../contract/position-plan.ts";
import { STATISTICS } from "../contract/statistics.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";
import type { TerminalState } from "../kernel/order-states.ts";
import { type DeadLetter, type PlanChange, settleOrder } from "../kernel/settle-order.ts";
import type { Ending } from "./ending.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";

const STATUS_OF = {
  FILLED: "filled",
  PARTIAL: "partial",
  REJECTED: "rejected",
  HELD: "gate_blocked",
  DENIED: "denied",
  EXPIRED: "expired",
} as const satisfies Record<TerminalState, ResultStatus>;

/** Ends an intent with its one result; whoever ended it before wins. */
export async function settleIntent(
  parts: ExecutionParts,
  job: Job,
  ending: Ending,
  deadLetter?: DeadLetter,
): Promise<void> {
  const { intent, kind, source } = job;
  const nowMs = parts.redis.serverNowMs();
  const order = "order" in ending ? ending.order : undefined;
  const filled = ending.state === "FILLED" || ending.state === "PARTIAL";
  const ended = await settleOrder(parts.redis, parts.keys, parts.streams, {
    intentId: intent.intent_id,
    owner: parts.owner,
    source,
    state: ending.state,
    kind,
    result: resultOf(intent, ending, nowMs),
    counted: countedOf(ending),
    tradedAtMs: filled ? (ending.fills.lastTradeMs ?? ending.order.updateTimeMs) : undefined,
    holdMinMs: parts.rules.holdMinMs,
    plan: planOf(parts, job, ending),
    planSuffix: planSuffix(intent.symbol, order?.positionSide ?? "BOTH"),
    deadLetter,
  });
  if (!ended) return;
  parts.observe.ended(kind, ending);
  const fields = {
    intent_id: intent.intent_id,
    symbol: intent.symbol,
    action: intent.action,
    ...detailOf(ending),
  };
  if (ending.state === "HELD")
    parts.log.info(fields, `GATE_BLOCKED | reason=${ending.reason} ${intent.symbol}`);
  else parts.log.info(fields, `SETTLED ${STATUS_OF[ending.state]}`);
}

function detailOf(ending: Ending) {
  return {
    ...("reason" in ending ? { reason: ending.reason } : {}),
    ...("detail" in ending ? { detail: ending.detail } : {}),
    ...("fills" in ending ? { quantity: ending.fills.quantity, price: ending.fills.averagePrice } : {}),
  };
}

function countedOf(ending: Ending): readonly [string] | readonly [string, string] {
  const outcome = STATISTICS.outcome(STATUS_OF[ending.state]);
  if (ending.state === "HELD") return [outcome, STATISTICS.held(ending.reason)];
  if (ending.state === "DENIED") return [outcome, STATISTICS.denied(ending.reason)];
  return [outcome];
}

/** The result of an ending, every number from what the venue reported. */
export function resultOf(intent: TradeIntent, ending: Ending, nowMs: number): ExecutionResult {
  const fills = "fills" in ending ? ending.fills : undefined;
  const order = "order" in ending ? ending.order : undefined;
  const blocked = ending.state === "HELD" || ending.state === "DENIED";
  const reason = "reason" in ending ? ending.reason : undefined;
  return {
    intent_id: intent.intent_id,
    correlation_id: intent.correlation_id,
    trace_id: intent.trace_id,
    symbol: intent.symbol,
    action: intent.action,
    status: STATUS_OF[ending.state],
    order_id: blocked ? blockedOrderId(ending.reason) : (order?.orderId ?? ""),
    client_order_id: order?.clientOrderId ?? "",
    entry_price: fills?.averagePrice ?? "0",
    quantity: fills?.quantity ?? "0",
    position_size_usd: fills?.quoteUsd ?? "0",
    leverage: intent.leverage,
    slippage_pct: slippagePct(intent, order?.side, fills?.averagePrice ?? null),
    fee_usd: fills?.feeUsd ?? "0",
    ...(reason === undefined ? {} : { reason: reasonText(reason, "detail" in ending ? ending.detail : "") }),
    timestamp: new Date(nowMs).toISOString(),
  };
}

function reasonText(reason: string, detail: string): string {
  return detail === "" ? reason : `${reason}: ${detail}`;
}

/** Percent of the intent's price, four places; positive is worse than asked. */
function slippagePct(
  intent: TradeIntent,
  side: "BUY" | "SELL" | undefined,
  averagePrice: string | null,
): string {
  if (averagePrice === null || intent.entry_price === null || side === undefined) return "0";
  const asked = new Big(intent.entry_price);
  if (asked.lte(0)) return "0";
  const worse = new Big(averagePrice).minus(asked).times(side === "BUY" ? 1 : -1);
  return worse.times(100).div(asked).round(4).toFixed();
}

/** A filled entry leaves the plan by which its position is to be left; anything else leaves plans alone. */
function planOf(parts: ExecutionParts, job: Job, ending: Ending): PlanChange {
  if (job.kind === "exit" || !("fills" in ending)) return { kind: "keep" };
  const { intent } = job;
  const { order, fills } = ending;
  const fields: StoredPlan = {
    intent_id: intent.intent_id,
    symbol: intent.symbol,
    position_side: order.positionSide,
    side: order.side === "BUY" ? "LONG" : "SHORT",
    quantity: fills.quantity,
    entry_price: fills.averagePrice ?? "0",
    stop_loss: intent.stop_loss ?? "",
    take_profit: intent.take_profit ?? "",
    trail_percent: intent.trail_percent ?? "",
    opened_at: String(fills.lastTradeMs ?? order.updateTimeMs),
    max_hold_sec: String(parts.rules.planHoldMaxSec),
  };
  return { kind: "write", fields };
}
