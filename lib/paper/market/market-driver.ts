import type Big from "big.js";
import { symbolOf } from "../engine/margin.ts";
import { moveMarket } from "../engine/move-market.ts";
import type { Quote } from "../engine/quote.ts";
import type { VenueState } from "../engine/venue-state.ts";
import type { StreamPublisher } from "../streams/stream-publisher.ts";
import type { VenueSequencer } from "../venue-sequencer.ts";
import type { MarketSource } from "./market-source.ts";
import type { MarketTape } from "./market-tape.ts";
import { type QuoteTerms, quoteAround } from "./quote-maker.ts";

/** A price set by hand. */
export interface HandPrice {
  readonly symbol: string;
  readonly price: Big;
  /** true: the symbol's own source is silent until it is released. */
  readonly hold: boolean;
  readonly bidQty?: Big | undefined;
  readonly askQty?: Big | undefined;
  /** Absent: in the middle of the market. */
  readonly mark?: Big | undefined;
}

/** Moves the market as its sources say, and tells the streams. */
export interface MarketDriver {
  /** Plays what is due. Market time runs `speed` times as fast as the monotonic clock. */
  step(monotonicMs: number): void;
  setByHand(price: HandPrice): void;
  /** Lets a symbol's own source move it again; all of them without a symbol. */
  release(symbol?: string): void;
  progress(): Readonly<Record<string, number>>;
  held(): readonly string[];
}

export interface DriverOptions {
  readonly sources: readonly MarketSource[];
  readonly terms: QuoteTerms;
  readonly speed: number;
  readonly sequencer: VenueSequencer;
  readonly tape: MarketTape;
  readonly publisher: StreamPublisher;
}

/**
 * All due quotes of a turn are applied in one act of the venue: margins are looked at once a turn, and a
 * client never sees half of it. Only the newest quote of a symbol is published, each one is matched.
 */
export function createMarketDriver(options: DriverOptions): MarketDriver {
  const { sequencer, tape, publisher, sources, speed, terms } = options;
  const held = new Set<string>();
  let startedMs: number | undefined;

  const apply = (state: VenueState, symbol: string, quotes: readonly Quote[]) => {
    if (quotes.length === 0) return;
    for (const quote of quotes) {
      moveMarket(state, symbol, quote);
      tape.record(symbol, quote);
    }
    publisher.quoteMoved(symbolOf(state, symbol), quotes.at(-1)?.timeMs ?? 0);
  };

  return {
    step: (monotonicMs) => {
      startedMs ??= monotonicMs;
      const elapsedMs = (monotonicMs - startedMs) * speed;
      sequencer.act((state, nowMs) => {
        for (const source of sources) {
          const quotes = source.due(elapsedMs, nowMs);
          if (!held.has(source.symbol)) apply(state, source.symbol, quotes);
        }
      });
    },
    setByHand: (wanted) => {
      if (wanted.hold) held.add(wanted.symbol);
      sequencer.act((state, nowMs) => {
        const { instrument } = symbolOf(state, wanted.symbol);
        const around = quoteAround(instrument, terms, { price: wanted.price, timeMs: nowMs });
        const quote = {
          ...around,
          bidQty: wanted.bidQty ?? around.bidQty,
          askQty: wanted.askQty ?? around.askQty,
          mark: wanted.mark ?? wanted.price,
          last: wanted.price,
        };
        apply(state, wanted.symbol, [quote]);
      });
    },
    release: (symbol) => {
      if (symbol === undefined) held.clear();
      else held.delete(symbol);
    },
    progress: () =>
      Object.fromEntries(
        sources.flatMap((source) => {
          const played = source.progress();
          return played === undefined ? [] : [[source.symbol, played]];
        }),
      ),
    held: () => [...held],
  };
}
