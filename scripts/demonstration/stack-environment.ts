import { basename, resolve } from "node:path";
import { readRecordingSpan } from "./market.ts";
import type { DemoOptions } from "./options.ts";

/** What the speed of a demonstration asks for: hours of decisions in a minute. */
export function raisedLimits(): Readonly<Record<string, string>> {
  return {
    SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "2000",
    SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: "500",
    MAX_TRADES_10MIN: "100000",
    MIN_HOLD_SECONDS: "0",
  };
}

/** The venue's own limits for one address and account, which are made for hours and not for a minute. */
export function raisedVenueLimits(): Readonly<Record<string, string>> {
  return {
    PAPER_WEIGHT_LIMIT_1M: "100000",
    PAPER_ORDER_LIMIT_10S: "3000",
    PAPER_ORDER_LIMIT_1M: "12000",
  };
}

/** A thousand bars of a minute in a second: with more of them the venue has no time left for orders. */
const FITTING_SPEED_MAX = 60_000;

/** The paper exchange's settings: generated, or the recording at a speed that fits into the run. */
export async function venueEnvironment(options: DemoOptions): Promise<Readonly<Record<string, string>>> {
  const common = { PAPER_SEED: String(options.seed), ...raisedVenueLimits() };
  if (options.prices === undefined) return common;
  const span = await readRecordingSpan(options.prices);
  const whole = Math.ceil(span.ms / (options.seconds * 1000));
  const fitting = span.kind === "bars" ? Math.min(whole, FITTING_SPEED_MAX) : 1;
  return {
    ...common,
    PAPER_PRICES: resolve(options.prices),
    PAPER_PRICES_SYMBOL: /eth/i.test(basename(options.prices)) ? "ETHUSDT" : "BTCUSDT",
    PAPER_SPEED: String(options.speed ?? fitting),
  };
}
