import type { TradingMode } from "../contract/trading-mode.ts";
import type { Outcome } from "./outcome-classes.ts";
import type { Admission, RequestCost, RequestKind } from "./request-budget.ts";
import type { SymbolRules } from "./symbol-rules.ts";

export type OrderSide = "BUY" | "SELL";
/** BOTH in one-way mode, LONG or SHORT in hedge mode. */
export type PositionSide = "BOTH" | "LONG" | "SHORT";

/** A market order. Quantities are decimal text in base units, already cut to the symbol's filters. */
export interface OrderRequest {
  /** Exits may use the reserved share of the request budget. */
  readonly kind: RequestKind;
  readonly symbol: string;
  readonly side: OrderSide;
  readonly positionSide: PositionSide;
  readonly quantity: string;
  /** Sent in one-way mode only: the venue does not take it in hedge mode, where the side decides. */
  readonly reduceOnly: boolean;
  readonly clientOrderId: string;
}

/** A resting stop that closes the whole position when the mark price reaches it. */
interface ProtectiveStop {
  readonly symbol: string;
  /** The side that closes: SELL for a long. */
  readonly side: OrderSide;
  readonly positionSide: PositionSide;
  readonly triggerPrice: string;
  readonly clientAlgoId: string;
}

/** Chosen by the caller, who wrote it down before: sent as it is, never moved by the adapter. */
export interface Signing {
  /** Epoch ms on the venue's clock, from `serverNowMs()`. */
  readonly timestampMs: number;
  readonly recvWindowMs: number;
}

export const ORDER_STATUSES = [
  "NEW",
  "PARTIALLY_FILLED",
  "FILLED",
  "CANCELED",
  "REJECTED",
  "EXPIRED",
  "EXPIRED_IN_MATCH",
] as const;
type OrderStatus = (typeof ORDER_STATUSES)[number];

export interface VenueOrder {
  readonly symbol: string;
  readonly orderId: string;
  readonly clientOrderId: string;
  readonly status: OrderStatus;
  readonly side: OrderSide;
  readonly positionSide: PositionSide;
  readonly reduceOnly: boolean;
  readonly originalQuantity: string;
  readonly executedQuantity: string;
  /** As the order itself says, null when it does not (order replies no longer do); see `fillsOf`. */
  readonly averagePrice: string | null;
  readonly updateTimeMs: number;
}

export interface AlgoOrder {
  readonly symbol: string;
  readonly algoId: string;
  readonly clientAlgoId: string;
  readonly status: string;
  readonly orderType: string;
  readonly side: OrderSide;
  readonly positionSide: PositionSide;
  readonly triggerPrice: string | null;
  readonly quantity: string | null;
  readonly closePosition: boolean;
  readonly reduceOnly: boolean;
}

/** An order that rests. It is cancelled by its symbol: nothing else that the venue says of it may hide it. */
export type RestingOrder = Pick<VenueOrder, "symbol">;

/** An open position; `quantity` is signed: negative is short. What closing it does not need is null where unreadable. */
export interface Position {
  readonly symbol: string;
  readonly positionSide: PositionSide;
  readonly quantity: string;
  /** "0": unreadable, or the venue knows none. */
  readonly entryPrice: string;
  readonly markPrice: string | null;
  readonly unrealisedPnlUsd: string | null;
  /** 0: unreadable. */
  readonly updateTimeMs: number;
}

/** What one order did, from the venue's trades. */
export interface Fills {
  /** Quote divided by quantity; null when nothing filled. */
  readonly averagePrice: string | null;
  readonly quantity: string;
  readonly quoteUsd: string;
  readonly feeUsd: string;
  /** Fee assets without a known price: their part is missing from `feeUsd`. */
  readonly unpricedFeeAssets: readonly string[];
  readonly realisedPnlUsd: string;
  /** 0 of an order that executed: the venue lists no trades of it, and its fee is unknown. */
  readonly tradeCount: number;
  readonly lastTradeMs: number | null;
}

export interface MarkPrice {
  readonly symbol: string;
  readonly price: string;
  /** The venue's time of the price. */
  readonly eventMs: number;
}

/** What the venue says of the account and its settings; read by `connect()`. */
export interface AccountFacts {
  /** SHA-256 of the account's alias: survives a rotation of keys, differs between accounts. */
  readonly fingerprint: string;
  readonly hedgeMode: boolean;
}

/** One measurement of the venue's clock. */
export interface ClockSample {
  /** Venue − local. */
  readonly offsetMs: number;
  /** Half the round trip: how wrong the offset can be. */
  readonly errorMs: number;
}

/** A failed read is a value of its own: never an empty list, never a zero. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly outcome: Outcome };

/**
 * A list is read row by row. One odd row fails the reading, since what is not listed is then not known to be absent;
 * `sound` are the others, to be acted on all the same.
 */
export type ListReading<T> =
  | { readonly ok: true; readonly value: readonly T[] }
  | { readonly ok: false; readonly outcome: Outcome; readonly sound?: readonly T[] | undefined };

/** `retryable` and `phase` are two questions: see outcome-classes.ts. */
export type SubmitOutcome<T = VenueOrder> =
  | { readonly phase: "accepted"; readonly order: T }
  | { readonly phase: "rejected"; readonly retryable: boolean; readonly outcome: Outcome }
  | { readonly phase: "ambiguous"; readonly retryable: false; readonly outcome: Outcome };

/** `absent` is believed only after signed_at + recvWindow + skew: the request may still arrive. */
type OrderQuery =
  | { readonly kind: "found"; readonly order: VenueOrder }
  | { readonly kind: "absent" }
  | { readonly kind: "unknown"; readonly outcome: Outcome };

/**
 * The venue, as roles see it. No method throws for anything the venue or the network does; none retries,
 * waits or signs twice by itself; every one ends within the request deadline.
 */
export interface Exchange {
  readonly mode: TradingMode;
  /** Reads clock, rules, request limits, hedge mode and account. Safe to call again. */
  connect(): Promise<Reading<AccountFacts>>;
  /** What the last successful `connect()` found, in the position mode that the last successful probe found. */
  account(): AccountFacts | undefined;
  /** Rules as of the last `connect()` or `refreshRules()`. */
  rules(symbol: string): SymbolRules | undefined;
  refreshRules(): Promise<Reading<number>>;

  /** The venue's time as well as we know it; the local clock before the first sample. */
  serverNowMs(): number;
  /** Upper bound on the error of `serverNowMs()`, drift since the last sample included. */
  clockSkewMs(): number;
  /** Measures the venue's clock; due every 30 s (which also keeps the connection warm) and on SYNC_CLOCK. */
  syncClock(): Promise<Reading<ClockSample>>;

  /** Whether a request fits the budget now. Asks only: nothing is reserved. */
  admit(kind: RequestKind, cost: RequestCost): Admission;

  submitOrder(order: OrderRequest, signing: Signing): Promise<SubmitOutcome>;
  /** `kind`: for what it is asked, and so out of which share of the request budget; exit where none is given. */
  queryOrder(symbol: string, clientOrderId: string, kind?: RequestKind): Promise<OrderQuery>;
  fillsOf(symbol: string, orderId: string, kind?: RequestKind): Promise<Reading<Fills>>;
  openOrders(symbol?: string): Promise<ListReading<RestingOrder>>;
  cancelAll(symbol: string): Promise<Reading<null>>;

  placeAlgoOrder(stop: ProtectiveStop, signing: Signing): Promise<SubmitOutcome<AlgoOrder>>;
  openAlgoOrders(symbol?: string): Promise<ListReading<AlgoOrder>>;
  /** ALREADY (no such order) is a success: the order does not rest. */
  cancelAlgo(clientAlgoId: string): Promise<Reading<null>>;
  cancelAllAlgo(symbol: string): Promise<Reading<null>>;

  /** Open positions only: a symbol that is not listed in a successful reading is flat. */
  positions(symbol?: string): Promise<ListReading<Position>>;
  /** The leverage the venue set. Setting the same one again is a success. */
  setLeverage(symbol: string, leverage: number): Promise<Reading<number>>;
  premiumIndex(symbol?: string): Promise<Reading<readonly MarkPrice[]>>;

  /** The account's listen key (shared by all its processes: never deleted), extended when it exists. */
  openListenKey(): Promise<Reading<string>>;
  /** An authenticated read: proves key, address and permission; due at start and every minute. */
  probe(): Promise<Reading<AccountFacts>>;
}
