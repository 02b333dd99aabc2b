import { z } from "zod";
import { INTENT_ACTIONS, type TradeIntent } from "./trade-intent.ts";

/** How an intent ended. Every consumed intent ends in exactly one of these. */
export const RESULT_STATUSES = [
  "filled",
  "partial",
  "rejected",
  "gate_blocked",
  "denied",
  "expired",
  "duplicate",
] as const;
export type ResultStatus = (typeof RESULT_STATUSES)[number];

export const executionResultSchema = z.object({
  intent_id: z.string(),
  correlation_id: z.string(),
  trace_id: z.string(),
  symbol: z.string(),
  action: z.union([z.enum(INTENT_ACTIONS), z.literal("")]),
  status: z.enum(RESULT_STATUSES),
  /** The venue's order id; `BLOCKED_<reason>` when held or denied; "" when there is none. */
  order_id: z.string(),
  client_order_id: z.string(),
  /** Average fill price, from the fills the venue reports; "0" without a fill. */
  entry_price: z.string(),
  quantity: z.string(),
  position_size_usd: z.string(),
  leverage: z.number(),
  /** Percent of the intent's price; positive is worse than asked. */
  slippage_pct: z.string(),
  fee_usd: z.string(),
  reason: z.string().optional(),
  timestamp: z.string(),
});
export type ExecutionResult = z.infer<typeof executionResultSchema>;

/** `order_id` of an intent that never became an order. */
export function blockedOrderId(reason: string): string {
  return `BLOCKED_${reason}`;
}

type Origin = Pick<
  TradeIntent,
  "intent_id" | "correlation_id" | "trace_id" | "symbol" | "action" | "leverage"
>;

/** The result of an intent that never became an order; undefined: of an entry that is none. */
export function orderlessResult(
  intent: Origin | undefined,
  end: {
    readonly status: ResultStatus;
    readonly orderId: string;
    readonly reason: string;
    readonly nowMs: number;
  },
): ExecutionResult {
  return {
    intent_id: intent?.intent_id ?? "",
    correlation_id: intent?.correlation_id ?? "",
    trace_id: intent?.trace_id ?? "",
    symbol: intent?.symbol ?? "",
    action: intent?.action ?? "",
    status: end.status,
    order_id: end.orderId,
    client_order_id: "",
    entry_price: "0",
    quantity: "0",
    position_size_usd: "0",
    leverage: intent?.leverage ?? 0,
    slippage_pct: "0",
    fee_usd: "0",
    reason: end.reason,
    timestamp: new Date(end.nowMs).toISOString(),
  };
}

/** The fields of an entry of the result stream, in the order in which they have always been written. */
export function encodeResult(result: ExecutionResult): readonly string[] {
  return [
    "event_type",
    "execution.result",
    "payload",
    JSON.stringify(result),
    "trace_id",
    result.trace_id,
    "correlation_id",
    result.correlation_id,
    "timestamp",
    result.timestamp,
    "source",
    "execution",
  ];
}

/** The result in an entry of the result stream. Throws a ZodError or SyntaxError on a foreign entry. */
export function decodeResult(fields: Readonly<Record<string, string>>): ExecutionResult {
  return executionResultSchema.parse(JSON.parse(fields["payload"] ?? "null"));
}
