/** The venue's own words of an order: they travel on the wire exactly so. */
export const SIDES = ["BUY", "SELL"] as const;
export type Side = (typeof SIDES)[number];

export const POSITION_SIDES = ["BOTH", "LONG", "SHORT"] as const;
export type PositionSide = (typeof POSITION_SIDES)[number];

export const PLAIN_TYPES = ["LIMIT", "MARKET"] as const;
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

export const WORKING_TYPES = ["CONTRACT_PRICE", "MARK_PRICE"] as const;
export type WorkingType = (typeof WORKING_TYPES)[number];

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
