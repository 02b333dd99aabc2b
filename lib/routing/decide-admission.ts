import { boundedText } from "../contract/bounded-text.ts";
import type { Decision, DecodedDecision } from "../contract/decision.ts";
import { FUTURE_MAX_MS } from "../contract/instant.ts";
import { intentIdOf } from "../contract/intent-id.ts";
import type { InvalidDetail } from "../contract/reasons.ts";
import { encodeIntent, isExit, type TradeIntent } from "../contract/trade-intent.ts";
import type { AdmissionRequest } from "../kernel/admit.ts";

/** Bounds a decision must keep before the server is asked at all. */
export interface DecisionBounds {
  readonly ageMaxMs: number;
  readonly confidenceMin: number;
  readonly leverageMax: number;
}

/**
 * What is asked of the server for one entry of the decision stream. An entry must be well-formed, fresh and
 * within bounds; an exit must only be well-formed: nothing else may delay it.
 */
export function decideAdmission(input: {
  readonly entryId: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly decoded: DecodedDecision;
  readonly bounds: DecisionBounds;
  readonly nowMs: number;
}): AdmissionRequest {
  const { entryId: id, decoded } = input;
  switch (decoded.kind) {
    case "undecodable": {
      const ids = {
        correlationId: boundedText(input.fields["correlation_id"] ?? ""),
        traceId: boundedText(input.fields["trace_id"] ?? ""),
      };
      const document = JSON.stringify(input.fields);
      return { id, kind: "dead", ...ids, symbol: "", side: "", detail: decoded.reason, document };
    }
    case "skip":
      return { id, kind: "skip", ...decoded.ids, symbol: "", side: "" };
    case "invalid":
      return {
        id,
        kind: "INVALID",
        ...decoded.ids,
        symbol: decoded.symbol,
        side: decoded.side,
        detail: decoded.detail,
      };
    case "decision":
      return decideDecision(id, decoded.decision, input.bounds, input.nowMs);
  }
}

function decideDecision(
  id: string,
  decision: Decision,
  bounds: DecisionBounds,
  nowMs: number,
): AdmissionRequest {
  const { correlationId, traceId, symbol, action: side } = decision;
  const common = { id, correlationId, traceId, symbol, side };
  const isAhead = decision.timestampMs > nowMs + FUTURE_MAX_MS;
  const intentId = intentIdOf(decision);
  if (isExit({ action: side, reduce_only: decision.reduceOnly })) {
    // Another clock is no reason to stay in a position: the id is of the decision's time, the intent is of ours.
    const dated = isAhead ? { ...decision, timestampMs: Math.floor(nowMs) } : decision;
    return { ...common, kind: "exit", intentId, document: encodeIntent(intentOf(dated, intentId)) };
  }
  if (isAhead) return { ...common, kind: "INVALID", detail: "TIMESTAMP_IN_FUTURE" };
  const invalid = invalidEntry(decision, bounds);
  if (invalid !== undefined) return { ...common, kind: "INVALID", detail: invalid };
  if (nowMs - decision.timestampMs > bounds.ageMaxMs) return { ...common, kind: "EXPIRED" };
  return {
    ...common,
    kind: "entry",
    intentId,
    // Nobody asks for it in a flood that is refused.
    get document() {
      return encodeIntent(intentOf(decision, intentId));
    },
  };
}

function invalidEntry(decision: Decision, bounds: DecisionBounds): InvalidDetail | undefined {
  if (decision.confidence === undefined || decision.confidence < bounds.confidenceMin)
    return "CONFIDENCE_TOO_LOW";
  if (decision.leverage > bounds.leverageMax) return "LEVERAGE_OUT_OF_BOUNDS";
  if (decision.quantity === undefined && decision.positionSizeUsd === undefined) return "SIZE_MISSING";
  return undefined;
}

/** The intent of a decision. Its time is the decision's: whoever reads it later measures age from there. */
function intentOf(decision: Decision, intentId: string): TradeIntent {
  return {
    intent_id: intentId,
    correlation_id: decision.correlationId,
    trace_id: decision.traceId,
    symbol: decision.symbol,
    action: decision.action,
    confidence: decision.confidence ?? null,
    entry_price: decision.entryPrice ?? null,
    quantity: decision.quantity ?? null,
    position_size_usd: decision.positionSizeUsd ?? null,
    leverage: decision.leverage,
    stop_loss: decision.stopLoss ?? null,
    take_profit: decision.takeProfit ?? null,
    trail_percent: decision.trailPercent ?? null,
    model: decision.model,
    regime: decision.regime,
    strategy: decision.strategy ?? "",
    expected_move_usd: decision.expectedMoveUsd ?? null,
    reduce_only: decision.reduceOnly || decision.action === "CLOSE",
    position_side: null,
    opened_at_ms: null,
    reason: "",
    source: "ai-strategy-router",
    timestamp: new Date(decision.timestampMs).toISOString(),
    ts_ms: decision.timestampMs,
  };
}
