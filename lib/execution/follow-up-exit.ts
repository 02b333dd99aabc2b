import { createHash } from "node:crypto";
import type { FollowUpReason } from "../contract/reasons.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";
import type { OrderSide, PositionSide } from "../exchange/exchange.ts";

/** The id of the exit that follows from the end of an intent: the same end, the same id. 32 hex digits. */
export function followUpId(intentId: string, reason: FollowUpReason): string {
  return createHash("sha256")
    .update(JSON.stringify([intentId, reason]))
    .digest("hex")
    .slice(0, 32);
}

/** An exit intent of execution's own, published in the call that settles what it follows from. */
export function followUpExit(exit: {
  /** The intent that ended. */
  readonly after: Pick<TradeIntent, "intent_id" | "correlation_id" | "trace_id" | "leverage" | "strategy">;
  readonly reason: FollowUpReason;
  readonly symbol: string;
  /** The side that closes. */
  readonly side: OrderSide;
  readonly positionSide: PositionSide;
  /** Base units; null closes whatever is open. */
  readonly quantity: string | null;
  /** Of the position that is meant (epoch ms); null: whatever is open. */
  readonly openedAtMs: number | null;
  /** Epoch ms. */
  readonly nowMs: number;
}): TradeIntent {
  const { after, reason, symbol, nowMs } = exit;
  return {
    intent_id: followUpId(after.intent_id, reason),
    correlation_id: after.correlation_id,
    trace_id: after.trace_id,
    symbol,
    action: exit.side,
    confidence: null,
    entry_price: null,
    quantity: exit.quantity,
    position_size_usd: null,
    leverage: after.leverage,
    stop_loss: null,
    take_profit: null,
    trail_percent: null,
    model: "",
    regime: "",
    strategy: after.strategy,
    expected_move_usd: null,
    reduce_only: true,
    position_side: exit.positionSide,
    opened_at_ms: exit.openedAtMs,
    reason,
    source: "execution",
    timestamp: new Date(nowMs).toISOString(),
    ts_ms: nowMs,
  };
}
