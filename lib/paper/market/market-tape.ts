import type Big from "big.js";
import type { Quote } from "../engine/quote.ts";

/** One bar of traded prices. */
export interface Candle {
  readonly openMs: number;
  readonly open: Big;
  high: Big;
  low: Big;
  close: Big;
  /** Quotes seen in it: the simulated market has no trades of others, so this stands for their number. */
  ticks: number;
}

/** What klines and 24 h tickers are made of: one-minute bars since the start. */
export interface MarketTape {
  record(symbol: string, quote: Quote): void;
  /** Bars of `minutes`, oldest first, at most a day of them. */
  candles(symbol: string, minutes: number): readonly Candle[];
}

const MINUTE_MS = 60_000;
/** A day. */
const CANDLES_MAX = 1440;

/** An empty tape; it holds a day of minutes a symbol and forgets the oldest. */
export function createMarketTape(): MarketTape {
  const bySymbol = new Map<string, Candle[]>();
  return {
    record: (symbol, quote) => {
      const bars = bySymbol.get(symbol) ?? [];
      bySymbol.set(symbol, bars);
      const openMs = Math.floor(quote.timeMs / MINUTE_MS) * MINUTE_MS;
      const latest = bars.at(-1);
      if (latest?.openMs === openMs) {
        extend(latest, quote.last, quote.last);
        latest.close = quote.last;
        latest.ticks += 1;
        return;
      }
      const price = quote.last;
      bars.push({ openMs, open: price, high: price, low: price, close: price, ticks: 1 });
      if (bars.length > CANDLES_MAX) bars.shift();
    },
    candles: (symbol, minutes) => mergeCandles(bySymbol.get(symbol) ?? [], minutes * MINUTE_MS),
  };
}

function extend(candle: Candle, high: Big, low: Big): void {
  if (high.gt(candle.high)) candle.high = high;
  if (low.lt(candle.low)) candle.low = low;
}

function mergeCandles(bars: readonly Candle[], lengthMs: number): readonly Candle[] {
  const merged: Candle[] = [];
  for (const bar of bars) {
    const openMs = Math.floor(bar.openMs / lengthMs) * lengthMs;
    const latest = merged.at(-1);
    if (latest?.openMs === openMs) {
      extend(latest, bar.high, bar.low);
      latest.close = bar.close;
      latest.ticks += bar.ticks;
    } else {
      merged.push({ ...bar, openMs });
    }
  }
  return merged;
}

/** What has been traded since the tape began: open, high, low, close. */
export function summaryOf(candles: readonly Candle[], price: Big): Omit<Candle, "openMs"> {
  const first = candles[0];
  if (first === undefined) return { open: price, high: price, low: price, close: price, ticks: 0 };
  const sum = { open: first.open, high: first.high, low: first.low, close: price, ticks: 0 };
  for (const candle of candles) {
    if (candle.high.gt(sum.high)) sum.high = candle.high;
    if (candle.low.lt(sum.low)) sum.low = candle.low;
    sum.ticks += candle.ticks;
  }
  return sum;
}
