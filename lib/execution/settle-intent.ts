import Big from "big.js";
import { blockedOrderId, type ExecutionResult, type ResultStatus } from "../contract/execution-result.ts";
import { planSuffix, type StoredPlan } from "../contract/position-plan.ts";
import type { FillReason, RestReason } from "../contract/reasons.ts";
import { STATISTICS } from "../contract/statistics.ts";
import { encodeIntent, type TradeIntent } from "../contract/trade-intent.ts";
import type { TerminalState } from "../kernel/order-states.ts";
import { type DeadLetter, type PlanChange, settleOrder } from "../kernel/settle-order.ts";
import { type Ending, type Filled, hasFilled } from "./ending.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { followUpExit, followUpId } from "./follow-up-exit.ts";
import type { StopOutcome } from "./place-stop.ts";

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
  const stop = hasFilled(ending) ? ending.stop : undefined;
  const followUp = hasFilled(ending) ? followUpOf(intent, ending, nowMs) : undefined;
  const ended = await settleOrder(parts.redis, parts.keys, parts.streams, {
    intentId: intent.intent_id,
    owner: parts.owner,
    source,
    state: ending.state,
    kind,
    result: resultOf(intent, ending, nowMs),
    counted: [...countedOf(ending), ...[...job.wouldHold].map(STATISTICS.wouldHold)],
    tradedAtMs: hasFilled(ending) ? tradedAtMs(ending) : undefined,
    holdMinMs: parts.rules.holdMinMs,
    plan: planOf(parts, job, ending),
    planSuffix: planSuffix(intent.symbol, order?.positionSide ?? "BOTH"),
    deadLetter,
    stop: stop === undefined ? undefined : stop.kind === "missing" ? "missing" : "settled",
    followUp: followUp === undefined ? undefined : encodeIntent(followUp),
  });
  if (!ended) return;
  parts.observe.ended(kind, ending);
  if (stop !== undefined) tellStop(parts, intent, stop);
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

const tradedAtMs = ({ fills, order }: Filled) => fills.lastTradeMs ?? order.updateTimeMs;

/** The stop's fate in log and metrics; a missing one is an alarm until it is mended. */
function tellStop(parts: ExecutionParts, intent: TradeIntent, stop: StopOutcome): void {
  parts.observe.stop(stop.kind);
  const { intent_id, symbol, stop_loss } = intent;
  if (stop.kind === "missing") {
    parts.log.error({ intent_id, stop_loss, why: stop.why }, `PROTECTIVE_STOP_MISSING | ${symbol}`);
  } else if (stop.kind === "passed") {
    parts.log.warn({ intent_id, stop_loss }, `PROTECTIVE_STOP_PASSED | ${symbol} is closed`);
  }
}

/** What one order could not close, or a position that was beyond its stop before it had one. */
function followUpOf(intent: TradeIntent, ending: Filled, nowMs: number): TradeIntent | undefined {
  const { order, rest, stop } = ending;
  const { symbol, side, positionSide } = order;
  const common = { after: intent, symbol, positionSide, nowMs };
  if (rest !== undefined) {
    const { opened_at_ms: openedAtMs } = intent;
    return followUpExit({ ...common, ...rest, reason: "REST_OF_EXIT", side, openedAtMs });
  }
  if (stop?.kind !== "passed") return undefined;
  const closes = side === "BUY" ? "SELL" : "BUY";
  const openedAtMs = tradedAtMs(ending);
  return followUpExit({ ...common, reason: "STOP_PASSED", side: closes, quantity: null, openedAtMs });
}

function countedOf(ending: Ending): readonly string[] {
  const outcome = STATISTICS.outcome(STATUS_OF[ending.state]);
  if (hasFilled(ending) && ending.stop !== undefined) return [outcome, STATISTICS.stop(ending.stop.kind)];
  if (ending.state === "HELD") return [outcome, STATISTICS.held(ending.reason)];
  if (ending.state === "DENIED") return [outcome, STATISTICS.denied(ending.reason)];
  return [outcome];
}

/** The result of an ending, every number from what the venue reported. */
export function resultOf(intent: TradeIntent, ending: Ending, nowMs: number): ExecutionResult {
  const fills = "fills" in ending ? ending.fills : undefined;
  const order = "order" in ending ? ending.order : undefined;
  const blocked = ending.state === "HELD" || ending.state === "DENIED";
  const reason = reasonOf(intent, ending);
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
    ...(reason === undefined ? {} : { reason }),
    timestamp: new Date(nowMs).toISOString(),
  };
}

function reasonOf(intent: TradeIntent, ending: Ending): string | undefined {
  if (hasFilled(ending)) {
    const said = [restOf(intent, ending), feeOf(ending)].filter((one) => one !== undefined);
    return said.length === 0 ? undefined : said.join("; ");
  }
  if (!("reason" in ending)) return undefined;
  return ending.detail === "" ? ending.reason : `${ending.reason}: ${ending.detail}`;
}

function restOf(intent: TradeIntent, { rest }: Filled): string | undefined {
  if (rest === undefined) return undefined;
  const reason: RestReason = "ABOVE_MARKET_MAX";
  const next = followUpId(intent.intent_id, "REST_OF_EXIT");
  return `${reason}: ${rest.quantity ?? "what is open"} follows as intent ${next}`;
}

function feeOf({ fills }: Filled): string | undefined {
  const said = (reason: FillReason, what: string) => `${reason}: ${what}`;
  if (fills.tradeCount === 0) return said("TRADES_MISSING", "booked by its order, the fee is unknown");
  const assets = fills.unpricedFeeAssets.join(", ");
  return assets === "" ? undefined : said("FEE_UNPRICED", `what was paid in ${assets} is not in fee_usd`);
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

/** A filled entry leaves the plan by which its position, where it is still open, is to be left. */
function planOf(parts: ExecutionParts, job: Job, ending: Ending): PlanChange {
  if (job.kind === "exit" || !hasFilled(ending) || ending.stop?.kind === "flat") return { kind: "keep" };
  const { intent } = job;
  const { order, fills } = ending;
  const fields: Omit<StoredPlan, "mark_extreme"> = {
    intent_id: intent.intent_id,
    symbol: intent.symbol,
    position_side: order.positionSide,
    side: order.side === "BUY" ? "LONG" : "SHORT",
    quantity: fills.quantity,
    entry_price: fills.averagePrice ?? "0",
    stop_loss: intent.stop_loss ?? "",
    take_profit: intent.take_profit ?? "",
    trail_percent: intent.trail_percent ?? "",
    opened_at: String(tradedAtMs(ending)),
    max_hold_sec: String(parts.rules.planHoldMaxSec),
  };
  return { kind: "write", fields };
}
