import Big from "big.js";
import type { Instrument } from "../engine/instrument.ts";
import type { Quote } from "../engine/quote.ts";
import type { MarketSource } from "./market-source.ts";
import { type QuoteTerms, quoteAround, quoteOf } from "./quote-maker.ts";
import type { Recording } from "./recording.ts";

export interface RecordedMarketOptions {
  readonly instrument: Instrument;
  readonly terms: QuoteTerms;
  readonly recording: Recording;
}

/** A bar becomes its open, then the two extremes, then its close. */
const POINTS_A_BAR = 4;
const BAR_MS = 60_000;

/**
 * Plays a recording from its first row; after the last one the market stands still. Only distances in time
 * count: quotes are stamped with the venue's time, because clients compare them with their own clock.
 */
export function recordedMarket(options: RecordedMarketOptions): MarketSource {
  const { instrument, recording } = options;
  const points = recording.kind === "bars" ? recording.rows.length * POINTS_A_BAR : recording.rows.length;
  let next = 0;
  return {
    symbol: instrument.symbol,
    due: (elapsedMs, nowMs) => {
      const quotes: Quote[] = [];
      while (next < points && offsetOf(recording, next) <= elapsedMs) {
        quotes.push(pointOf(options, next, nowMs));
        next += 1;
      }
      return quotes;
    },
    progress: () => (points === 0 ? 1 : next / points),
  };
}

/** Market time from the recording's start to a point of it, ms. */
function offsetOf(recording: Recording, point: number): number {
  if (recording.kind === "quotes") return (recording.rows[point]?.timeMs ?? 0) - recording.startMs;
  const row = recording.rows[Math.floor(point / POINTS_A_BAR)];
  const part = (point % POINTS_A_BAR) * (BAR_MS / POINTS_A_BAR);
  return (row?.timeMs ?? 0) - recording.startMs + part;
}

function pointOf(options: RecordedMarketOptions, point: number, nowMs: number): Quote {
  const { instrument, terms, recording } = options;
  if (recording.kind === "quotes") {
    const row = recording.rows[point];
    if (row === undefined) throw new Error(`no quote ${point} in the recording`);
    const [bid, bidQty, ask, askQty] = row.values.map((text) => new Big(text));
    if (!bid || !bidQty || !ask || !askQty) throw new Error(`quote ${point} has no two sides`);
    return quoteOf(instrument, { bid, bidQty, ask, askQty }, nowMs);
  }
  const row = recording.rows[Math.floor(point / POINTS_A_BAR)];
  if (row === undefined) throw new Error(`no bar at point ${point} in the recording`);
  const price = new Big(pathOf(row.values)[point % POINTS_A_BAR] ?? 0);
  return quoteAround(instrument, terms, { price, timeMs: nowMs });
}

/** A rising bar visits its low first, a falling one its high: the usual reading of an OHLC bar. */
function pathOf(values: readonly string[]): readonly string[] {
  const [open = "0", high = "0", low = "0", close = "0"] = values;
  const rising = new Big(close).gte(open);
  return rising ? [open, low, high, close] : [open, high, low, close];
}
