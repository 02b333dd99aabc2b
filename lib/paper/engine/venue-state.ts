import Big from "big.js";
import type { Instrument } from "./instrument.ts";
import type { MarginType, PositionSide, Side } from "./order-terms.ts";
import { emptyPosition, type Position } from "./position.ts";
import type { BookModel, Quote } from "./quote.ts";
import type { VenueEvent } from "./venue-event.ts";
import type { AlgoOrder, Fill, VenueOrder } from "./venue-order.ts";

/** Fixed for the life of a venue. Rates are fractions (0.0004 = 0.04 %). */
export interface VenueTerms {
  readonly instruments: readonly Instrument[];
  readonly startBalanceUsd: Big;
  readonly makerRate: Big;
  readonly takerRate: Big;
  /** Paid by longs to shorts once an interval when positive. */
  readonly fundingRate: Big;
  readonly fundingIntervalMs: number;
  readonly leverage: number;
  readonly book: BookModel;
}

export interface Income {
  readonly symbol: string;
  readonly incomeType: "REALIZED_PNL" | "COMMISSION" | "FUNDING_FEE";
  readonly income: Big;
  readonly timeMs: number;
  readonly tranId: number;
  readonly tradeId: string;
}

/** Everything of one symbol. */
export interface SymbolState {
  readonly instrument: Instrument;
  quote: Quote;
  leverage: number;
  marginType: MarginType;
  readonly legs: Readonly<Record<PositionSide, Position>>;
  /** Resting limit orders, best price first, then oldest first. */
  readonly bids: VenueOrder[];
  readonly asks: VenueOrder[];
  /** Notional of the unfilled rest of each queue, USD. */
  readonly restingNotional: Record<Side, Big>;
  /** Conditional orders that wait for their trigger, by algo id. */
  readonly waiting: Map<number, AlgoOrder>;
  /** Everything ever accepted, in order of acceptance. */
  readonly orders: VenueOrder[];
  readonly algoOrders: AlgoOrder[];
  readonly fills: Fill[];
}

/**
 * The venue: one account, all symbols. Mutated only by the functions of this folder, each of which takes
 * the time as an argument, so that the same commands at the same times give the same venue.
 */
export interface VenueState {
  readonly terms: VenueTerms;
  readonly symbols: ReadonlyMap<string, SymbolState>;
  hedgeMode: boolean;
  /** Balance without unrealised P&L, USD: start + realised − fees ± funding. */
  wallet: Big;
  /** Sum of the open orders' held margin, USD. */
  heldMargin: Big;
  readonly openLegs: Set<Position>;
  readonly ordersById: Map<number, VenueOrder>;
  /** Only open orders: the venue frees a client id when its order is done. */
  readonly openByClientId: Map<string, VenueOrder>;
  /** The newest order of a client id, by `symbol|client id`. */
  readonly latestByClientId: Map<string, VenueOrder>;
  readonly algosById: Map<number, AlgoOrder>;
  readonly waitingByClientId: Map<string, AlgoOrder>;
  readonly latestAlgoByClientId: Map<string, AlgoOrder>;
  /** Newest last. */
  readonly incomes: Income[];
  /** Order id → when it expires by itself. */
  readonly expiries: Map<number, number>;
  /** Symbol → when its open orders are cancelled unless the countdown is renewed. */
  readonly countdowns: Map<string, number>;
  nextFundingMs: number;
  /** A quote changed since margins were last looked at. */
  marketMoved: boolean;
  nextOrderId: number;
  nextAlgoId: number;
  nextTradeId: number;
  nextTranId: number;
  /** What happened since it was last drained, oldest first. */
  outbox: VenueEvent[];
}

/** A fresh account. Every quote stands at the instrument's start price until the market speaks. */
export function openVenue(terms: VenueTerms, nowMs: number): VenueState {
  const symbols = new Map(terms.instruments.map((one) => [one.symbol, openSymbol(one, terms, nowMs)]));
  return {
    terms,
    symbols,
    hedgeMode: false,
    wallet: terms.startBalanceUsd,
    heldMargin: new Big(0),
    openLegs: new Set(),
    ordersById: new Map(),
    openByClientId: new Map(),
    latestByClientId: new Map(),
    algosById: new Map(),
    waitingByClientId: new Map(),
    latestAlgoByClientId: new Map(),
    incomes: [],
    expiries: new Map(),
    countdowns: new Map(),
    nextFundingMs: nextMultiple(nowMs, terms.fundingIntervalMs),
    marketMoved: false,
    nextOrderId: 8_000_000_001,
    nextAlgoId: 2_000_000_001,
    nextTradeId: 500_000_001,
    nextTranId: 9_000_000_001,
    outbox: [],
  };
}

/** The venue funds at round times: 00:00, 08:00 and 16:00 UTC with eight hours. */
export function nextMultiple(nowMs: number, intervalMs: number): number {
  return (Math.floor(nowMs / intervalMs) + 1) * intervalMs;
}

/** Takes the events out, oldest first. */
export function drainEvents(state: VenueState): readonly VenueEvent[] {
  if (state.outbox.length === 0) return [];
  const events = state.outbox;
  state.outbox = [];
  return events;
}

/** Client ids are looked up together with their symbol, as the venue's query asks for both. */
export function clientKey(symbol: string, clientOrderId: string): string {
  return `${symbol}|${clientOrderId}`;
}

function openSymbol(instrument: Instrument, terms: VenueTerms, nowMs: number): SymbolState {
  const { symbol, startPrice, tickSize } = instrument;
  const size = terms.book.levelUsd.div(startPrice).round(instrument.quantityPrecision, 0);
  return {
    instrument,
    quote: {
      bid: startPrice,
      bidQty: size,
      ask: startPrice.plus(tickSize),
      askQty: size,
      mark: startPrice,
      index: startPrice,
      last: startPrice,
      timeMs: nowMs,
    },
    leverage: terms.leverage,
    marginType: "CROSSED",
    legs: {
      BOTH: emptyPosition(symbol, "BOTH"),
      LONG: emptyPosition(symbol, "LONG"),
      SHORT: emptyPosition(symbol, "SHORT"),
    },
    bids: [],
    asks: [],
    restingNotional: { BUY: new Big(0), SELL: new Big(0) },
    waiting: new Map(),
    orders: [],
    algoOrders: [],
    fills: [],
  };
}
