/** The venue's own words of an order: they travel on the wire exactly so. */
export const SIDES = ["BUY", "SELL"] as const;
export type Side = (typeof SIDES)[number];

/** BOTH is one-way mode's only side, LONG and SHORT are hedge mode's. */
export const POSITION_SIDES = ["BOTH", "LONG", "SHORT"] as const;
export type PositionSide = (typeof POSITION_SIDES)[number];

/** What the matching engine itself knows. */
export const PLAIN_TYPES = ["LIMIT", "MARKET"] as const;
/** What waits for a trigger; since December 2025 the plain path refuses them (-4120). */
export const CONDITIONAL_TYPES = [
  "STOP",
  "STOP_MARKET",
  "TAKE_PROFIT",
  "TAKE_PROFIT_MARKET",
  "TRAILING_STOP_MARKET",
] as const;
export type PlainType = (typeof PLAIN_TYPES)[number];
export type ConditionalType = (typeof CONDITIONAL_TYPES)[number];

/** GTE_GTC lives only as long as the position it protects. */
export const TIMES_IN_FORCE = ["GTC", "IOC", "FOK", "GTX", "GTD", "GTE_GTC"] as const;
export type TimeInForce = (typeof TIMES_IN_FORCE)[number];

/** The price a trigger looks at: the last trade, or the mark. */
export const WORKING_TYPES = ["CONTRACT_PRICE", "MARK_PRICE"] as const;
export type WorkingType = (typeof WORKING_TYPES)[number];

/** Whether a leg stands with the whole wallet or with its own share alone. */
export const MARGIN_TYPES = ["CROSSED", "ISOLATED"] as const;
export type MarginType = (typeof MARGIN_TYPES)[number];

export type OrderStatus = "NEW" | "PARTIALLY_FILLED" | "FILLED" | "CANCELED" | "EXPIRED";
export type AlgoStatus =
  | "NEW"
  | "CANCELED"
  | "TRIGGERING"
  | "TRIGGERED"
  | "FINISHED"
  | "REJECTED"
  | "EXPIRED";
