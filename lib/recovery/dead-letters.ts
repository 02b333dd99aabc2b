/**
 * Puts poison aside: its result, its ledger, its dead letter and its acknowledgement in one call each, by the same
 * server-side functions that execution settles with. They refuse by themselves what was submitted meanwhile, what
 * somebody else took over and what was acknowledged.
 */
import { blockedOrderId, type ExecutionResult, orderlessResult } from "../contract/execution-result.ts";
import type { Keys } from "../contract/keys.ts";
import { STATISTICS } from "../contract/statistics.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";
import type { FunctionCaller } from "../kernel/function-call.ts";
import { type IntentSource, OrderFencedError } from "../kernel/order-ledger.ts";
import { type ResultStreams, settleOrder, settleStray } from "../kernel/settle-order.ts";

export interface DeadLetterParts {
  readonly redis: FunctionCaller;
  readonly keys: Keys;
  readonly streams: ResultStreams;
}

interface Poison {
  readonly source: IntentSource;
  readonly fields: Readonly<Record<string, string>>;
}

/** Puts aside an entry that does not parse; false when somebody acknowledged it before. */
export function deadLetterUnreadable(
  parts: DeadLetterParts,
  poison: Poison,
  reason: string,
): Promise<boolean> {
  return settleStray(parts.redis, parts.streams, {
    source: poison.source,
    result: deniedResult(parts, undefined, ["INVALID", reason]),
    counted: STATISTICS.deadLetters,
    statsKey: `${parts.keys.statsPrefix}execution`,
    deadLetter: { reason, raw: JSON.stringify(poison.fields) },
  });
}

/** Puts aside an entry whose handler failed too often; false when its order moved or was taken over meanwhile. */
export async function deadLetterFailed(
  parts: DeadLetterParts,
  poison: Poison,
  order: { readonly intent: TradeIntent; readonly owner: string; readonly failures: number },
): Promise<boolean> {
  const { intent } = order;
  const reason = `handling failed ${order.failures} times`;
  try {
    return await settleOrder(parts.redis, parts.keys, parts.streams, {
      intentId: intent.intent_id,
      owner: order.owner,
      source: poison.source,
      state: "DENIED",
      kind: "entry",
      result: deniedResult(parts, intent, ["HANDLER_FAILED", reason]),
      counted: [STATISTICS.outcome("denied"), STATISTICS.denied("HANDLER_FAILED")],
      tradedAtMs: undefined,
      holdMinMs: 0,
      plan: { kind: "keep" },
      planSuffix: intent.symbol,
      deadLetter: { reason, raw: JSON.stringify(poison.fields) },
    });
  } catch (error) {
    if (error instanceof OrderFencedError) return false;
    throw error;
  }
}

function deniedResult(
  parts: DeadLetterParts,
  intent: TradeIntent | undefined,
  [reason, detail]: readonly [reason: "INVALID" | "HANDLER_FAILED", detail: string],
): ExecutionResult {
  const orderId = blockedOrderId(reason);
  const nowMs = parts.redis.serverNowMs();
  return orderlessResult(intent, { status: "denied", orderId, reason: `${reason}: ${detail}`, nowMs });
}
