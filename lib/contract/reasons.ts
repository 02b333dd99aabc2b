/**
 * Why something was refused, in order of precedence. The list is the single source of the union type, the
 * statistics fields, the metric labels and the generated table in docs/; each entry's text is for operators.
 */

/** The router's refusals: the first that applies is the one reported. */
export const ADMISSION_REASONS = {
  INVALID: "the decision lacks a field, or a field is absurd; `detail` says which",
  EXPIRED: "the decision's own timestamp is older than INTENT_MAX_AGE_SEC",
  DUPLICATE: "this message was handled before, or this decision was published before",
  KILL_SWITCH: 'quantum:kill is not exactly "0": trading is not armed',
  TRADING_HALTED: "system:state:trading is halted after a panic, or unreadable",
  SAFE_MODE_ENABLED: "the circuit breaker is open, by a trip or by an operator",
  DAILY_LIMIT_REACHED: "the UTC day's accepted intents reached GOVERNOR_MAX_DAILY_TRADES",
  BACKLOG_FULL: "INTENT_BACKLOG_MAX intents wait for execution already",
  GLOBAL_RATE_EXCEEDED: "more than SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW in one window; trips safe mode",
  SYMBOL_RATE_EXCEEDED: "more than SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW of one symbol; trips safe mode",
  FAIL_OPEN_ERROR: "the rate counters are unreadable: the router's own limiter decided",
  RATE_COUNTERS_UNREADABLE: "the rate counters are unreadable and SAFETY_ON_ERROR is closed",
} as const;
export type AdmissionReason = keyof typeof ADMISSION_REASONS;

/** What INVALID means in one word; kept beside the reason in statistics and logs. */
export const INVALID_DETAILS = {
  SYMBOL_MISSING: "no symbol",
  SIDE_MISSING: "neither side nor action is BUY, SELL, CLOSE, HOLD or SKIP",
  SIDE_CONFLICT: "side and action are both there and differ",
  TIMESTAMP_MISSING: "no timestamp, or one that is neither ISO 8601 nor an epoch",
  TIMESTAMP_IN_FUTURE: "the timestamp of an entry is more than 5 s ahead of the clock",
  NOT_A_NUMBER: "a number is not one, is infinite, negative or absurdly large",
  CONFIDENCE_TOO_LOW: "confidence is absent or below MIN_CONFIDENCE",
  LEVERAGE_OUT_OF_BOUNDS: "leverage is outside 1 … MAX_LEVERAGE",
  SIZE_MISSING: "neither quantity nor position_size_usd",
  FIELD_TYPE: "a field has the wrong type",
} as const;
export type InvalidDetail = keyof typeof INVALID_DETAILS;

/** The six profit gates, in the order in which they are asked. */
export const HOLD_REASONS = {
  MIN_NOTIONAL: "price × quantity is under MIN_NOTIONAL_USD",
  EDGE_TOO_SMALL: "the expected move is under EDGE_MULTIPLIER × friction",
  COOLDOWN: "the symbol traded less than MIN_HOLD_SECONDS ago, or an entry of it is in flight",
  RATE_LIMIT: "MAX_TRADES_10MIN trades were made in the last 600 s",
  R_TOO_LOW: "reward to risk is under the regime's minimum",
  MODEL_REGIME_MISMATCH: "the model is not allowed in the regime, or one of them is unknown",
} as const;
export type HoldReason = keyof typeof HOLD_REASONS;

/** Execution's own refusals, before anything reaches the venue; they hold in every mode. */
export const DENY_REASONS = {
  INVALID: "the intent does not parse, or lacks a field",
  KILL_SWITCH: ADMISSION_REASONS.KILL_SWITCH,
  TRADING_HALTED: ADMISSION_REASONS.TRADING_HALTED,
  SAFE_MODE_ENABLED: ADMISSION_REASONS.SAFE_MODE_ENABLED,
  NOT_A_NUMBER: "a price or quantity is not a finite positive number",
  STOP_MISSING: "an entry without a stop",
  TARGET_MISSING: "an entry without a target",
  STOP_WRONG_SIDE: "the stop is at the entry price or beyond it, or the mark has passed it already",
  TARGET_WRONG_SIDE: "the target is at the entry price or behind it, or the mark has reached it already",
  SIZE_MISMATCH: "quantity and position_size_usd are more than 1 % apart",
  REFERENCE_STALE: "the mark price is absent or older than 2 s",
  PRICE_COLLAR: "the entry price is more than PRICE_COLLAR_PCT from the mark",
  FILTERS: "the venue's filters leave no order of this size, or do not know the symbol",
  LEVERAGE_FAILED: "the venue did not accept the leverage",
  CREDENTIALS_REFUSED: "the venue refuses our credentials; entries stop until it accepts them again",
  HANDLER_FAILED: "handling failed DELIVERIES_MAX times; the entry is in the dead letters",
} as const;
export type DenyReason = keyof typeof DENY_REASONS;

/** Why an order that was meant for the venue did not fill; venue codes are appended as `VENUE_<code>`. */
export const REJECT_REASONS = {
  VENUE_REJECTED: "the venue refused the order for good; its code and message follow",
  VENUE_LIMITED: "the venue's request budget is spent, or it told us to wait; only entries end so",
  VENUE_UNAVAILABLE: "the venue did not execute the order in several attempts",
  NOT_FILLED: "the venue accepted the order and ended it without a fill",
  INTENT_GONE:
    "the venue never executed the order, and nothing is sent for an intent whose stream entry is gone",
  NOTHING_TO_REDUCE: "a reduce-only order found no position to reduce",
  POSITION_CHANGED: "the position is not the one the exit was meant for",
  POSITION_AMBIGUOUS: "a CLOSE in hedge mode with both sides open must say which",
} as const;
export type RejectReason = keyof typeof REJECT_REASONS;

/** Why an exit's result is `partial` although its order filled: what rests goes on by itself. */
export const REST_REASONS = {
  ABOVE_MARKET_MAX: "one market order may not be so large: the rest follows as the exit intent that is named",
} as const;
export type RestReason = keyof typeof REST_REASONS;

/** Why a result of an order that filled has a reason, although nothing rests: what is not known of its fills. */
export const FILL_REASONS = {
  TRADES_MISSING:
    "the venue lists no trades of the order: price and size are the order's own, the fee is unknown",
  FEE_UNPRICED: "a part of the fee was paid in an asset without a known price, and is not in fee_usd",
} as const;
export type FillReason = keyof typeof FILL_REASONS;

/** Why execution itself publishes an exit intent: its field `reason`. */
export const FOLLOW_UP_REASONS = {
  REST_OF_EXIT: "what an exit beyond the largest market order left open",
  STOP_PASSED:
    "the mark was beyond the plan's stop when the position got it: the venue refused to let it rest",
} as const;
export type FollowUpReason = keyof typeof FOLLOW_UP_REASONS;
