import Big from "big.js";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { advanceTime } from "../../../lib/paper/engine/advance-time.ts";
import { moveMarket } from "../../../lib/paper/engine/move-market.ts";
import { placeAlgo } from "../../../lib/paper/engine/place-algo.ts";
import { placeOrder } from "../../../lib/paper/engine/place-order.ts";
import { isRejection, type Rejection } from "../../../lib/paper/engine/rejection.ts";
import type { VenueEvent } from "../../../lib/paper/engine/venue-event.ts";
import type { AlgoOrder, VenueOrder } from "../../../lib/paper/engine/venue-order.ts";
import {
  drainEvents,
  openVenue,
  type SymbolState,
  type VenueState,
} from "../../../lib/paper/engine/venue-state.ts";
import { quoteAround } from "../../../lib/paper/market/quote-maker.ts";
import { paperOptions } from "../../../lib/paper/paper-options.ts";
import { defaultPaperSettings, type PaperSettings } from "../../../lib/paper/settings.ts";
import { parseAlgo } from "../../../lib/paper/wire/parse-algo.ts";
import { parseOrder } from "../../../lib/paper/wire/parse-order.ts";

/** The engine alone, under a clock of the test: 2026-01-01 00:00 UTC and on. */
export interface TestVenue {
  readonly state: VenueState;
  nowMs: number;
  symbol(name?: string): SymbolState;
  /** Parameters as a client sends them. */
  order(params: Record<string, string>): VenueOrder | Rejection;
  algo(params: Record<string, string>): AlgoOrder | Rejection;
  /** Bid = price, ask = one tick above, unless the spread setting says more. */
  price(price: string, more?: { symbol?: string; bidQty?: string; askQty?: string; mark?: string }): void;
  pass(ms: number): void;
  events(): readonly VenueEvent[];
}

export const START_MS = Date.UTC(2026, 0, 1);

export function openTestVenue(settings: Partial<PaperSettings> = {}): TestVenue {
  const options = paperOptions(
    { ...defaultPaperSettings(), PAPER_TAKER_FEE_PCT: "0", PAPER_MAKER_FEE_PCT: "0", ...settings },
    { faults: undefined, recordings: new Map(), clock: { ...systemClock, preciseMs: () => 0 } },
  );
  const state = openVenue(options.terms, START_MS);
  const symbolOf = (name: string) => {
    const found = state.symbols.get(name);
    if (found === undefined) throw new Error(`no symbol ${name}`);
    return found;
  };
  const venue: TestVenue = {
    state,
    nowMs: START_MS,
    symbol: (name = "BTCUSDT") => symbolOf(name),
    order: (params) => {
      const parsed = parseOrder(new Map(Object.entries({ symbol: "BTCUSDT", ...params })));
      return isRejection(parsed) ? parsed : placeOrder(state, parsed.request, { nowMs: venue.nowMs });
    },
    algo: (params) => {
      const sent = { algoType: "CONDITIONAL", symbol: "BTCUSDT", ...params };
      const parsed = parseAlgo(new Map(Object.entries(sent)));
      return isRejection(parsed) ? parsed : placeAlgo(state, parsed, venue.nowMs);
    },
    price: (price, more = {}) => {
      const { symbol = "BTCUSDT", bidQty, askQty } = more;
      const terms = { book: state.terms.book, spreadBps: options.market.spreadBps };
      const quote = quoteAround(symbolOf(symbol).instrument, terms, {
        price: new Big(price),
        timeMs: venue.nowMs,
      });
      moveMarket(state, symbol, {
        ...quote,
        bidQty: bidQty === undefined ? quote.bidQty : new Big(bidQty),
        askQty: askQty === undefined ? quote.askQty : new Big(askQty),
        mark: new Big(more.mark ?? price),
        last: new Big(price),
      });
      advanceTime(state, venue.nowMs);
    },
    pass: (ms) => {
      venue.nowMs += ms;
      advanceTime(state, venue.nowMs);
    },
    events: () => drainEvents(state),
  };
  venue.price("60000");
  venue.price("2500", { symbol: "ETHUSDT" });
  venue.events();
  return venue;
}

/** The code of a refusal, or the status of what was accepted. */
export function outcomeOf(answer: VenueOrder | AlgoOrder | Rejection): number | string {
  return "rejected" in answer ? answer.code : answer.status;
}

/** The accepted order; a refusal fails the test with its text. */
export function accepted<Order extends VenueOrder | AlgoOrder>(answer: Order | Rejection): Order {
  if ("rejected" in answer) throw new Error(`${answer.code} ${answer.msg}`);
  return answer;
}

export const BUY = { side: "BUY", type: "MARKET" } as const;
export const SELL = { side: "SELL", type: "MARKET" } as const;

/** A limit order, GTC unless the test says otherwise. */
export function limit(side: "BUY" | "SELL", quantity: string, price: string): Record<string, string> {
  return { side, type: "LIMIT", timeInForce: "GTC", quantity, price };
}
