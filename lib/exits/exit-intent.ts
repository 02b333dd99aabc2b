import { createHash } from "node:crypto";
import type { TradeIntent } from "../contract/trade-intent.ts";
import type { ExitReason } from "./exit-rule.ts";
import type { WatchedPosition } from "./watched-position.ts";

/** What makes an exit the one it is: the same exit always has the same id, also after a restart. */
interface ExitIdentity {
  readonly symbol: string;
  readonly positionSide: WatchedPosition["positionSide"];
  /** Of the plan, epoch ms. */
  readonly openedAtMs: number;
  readonly rule: ExitReason;
  /** From 0; the next one only after the one before has ended with the position still open. */
  readonly n: number;
}

/** 32 hex digits, 128 bits of SHA-256; JSON keeps the parts apart. */
export function exitIntentId(identity: ExitIdentity): string {
  const { symbol, positionSide, openedAtMs, rule, n } = identity;
  const parts = [symbol, positionSide, openedAtMs, rule, n];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/**
 * The intent that closes a whole position. It names side and quantity although execution clamps both to what is
 * open: where execution cannot read positions it sends exactly this, and the venue only lets it reduce.
 */
export function exitIntent(exit: {
  readonly intentId: string;
  readonly position: WatchedPosition;
  readonly openedAtMs: number;
  readonly rule: ExitReason;
  /** Epoch ms of the decision. */
  readonly nowMs: number;
}): TradeIntent {
  const { intentId, position, rule, nowMs } = exit;
  return {
    intent_id: intentId,
    correlation_id: intentId,
    trace_id: intentId,
    symbol: position.symbol,
    action: position.side === "LONG" ? "SELL" : "BUY",
    confidence: null,
    entry_price: null,
    quantity: position.quantity,
    position_size_usd: null,
    leverage: 1,
    stop_loss: null,
    take_profit: null,
    trail_percent: null,
    model: "",
    regime: "",
    strategy: "",
    expected_move_usd: null,
    reduce_only: true,
    position_side: position.positionSide,
    opened_at_ms: exit.openedAtMs,
    reason: rule,
    source: "exit-brain",
    timestamp: new Date(nowMs).toISOString(),
    ts_ms: nowMs,
  };
}
