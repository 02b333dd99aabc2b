import type { Quote } from "../engine/quote.ts";

/** Where a symbol's prices come from. */
export interface MarketSource {
  readonly symbol: string;
  /** Quotes that are due after `elapsedMs` of market time, oldest first; each is given once. */
  due(elapsedMs: number, nowMs: number): readonly Quote[];
  /** Part of a recording that has been played, 0 to 1; undefined for a source without an end. */
  progress(): number | undefined;
}
