import Big from "big.js";
import type { Instrument } from "../engine/instrument.ts";
import { seededRandom } from "../seeded-random.ts";
import type { MarketSource } from "./market-source.ts";
import { type QuoteTerms, quoteAround } from "./quote-maker.ts";

/** Market time between two quotes. */
export const STEP_MS = 250;
/** A pause of the process must not be followed by a burst of quotes: at most this many at once. */
const STEPS_MAX = 240;

/** A mood of the market: drift and volatility a step, as fractions of the price. */
interface Regime {
  readonly drift: number;
  readonly volatility: number;
}

/** Volatilities give about 0.5, 0.3, 1.6 and 0.15 % an hour, the order of what majors do. */
const REGIMES: readonly Regime[] = [
  { drift: 0.000_001_5, volatility: 0.000_04 },
  { drift: -0.000_001_5, volatility: 0.000_04 },
  { drift: 0, volatility: 0.000_025 },
  { drift: 0, volatility: 0.000_13 },
  { drift: 0, volatility: 0.000_012 },
];
/** A regime lasts two to twenty minutes of market time. */
const REGIME_STEPS_MIN = 480;
const REGIME_STEPS_SPAN = 4320;
/** How strongly a walk is drawn back to its start price: it may roam, but not run away in a long session. */
const REVERSION = 0.000_002;

/**
 * A random walk through regimes.
 *
 * 1. The same seed and symbol give the same quotes, however the time between them was cut up.
 * 2. It counts whole ticks: floats say how far to step, never what the price is.
 * 3. It is drawn back to the contract's start price, so a long session stays within the contract's filters.
 */
export function generatedMarket(instrument: Instrument, terms: QuoteTerms, seed: string): MarketSource {
  const random = seededRandom(`${seed}/${instrument.symbol}`);
  const homeTicks = instrument.startPrice.div(instrument.tickSize).round().toNumber();
  const lowestTicks = instrument.minPrice.div(instrument.tickSize).round(0, 3).toNumber() + 10;
  let ticks = homeTicks;
  // What rounding to ticks left over: kept, else a walk of small steps would never leave its tick.
  let remainder = 0;
  let steps = 0;
  let regime: Regime = { drift: 0, volatility: 0.000_025 };
  let regimeEnd = 0;

  const step = (timeMs: number) => {
    if (steps >= regimeEnd) {
      regime = REGIMES[Math.floor(random() * REGIMES.length)] ?? regime;
      regimeEnd = steps + REGIME_STEPS_MIN + Math.floor(random() * REGIME_STEPS_SPAN);
    }
    steps += 1;
    const pull = REVERSION * Math.log(homeTicks / ticks);
    const move = ticks * (regime.drift + pull + regime.volatility * normal(random)) + remainder;
    const whole = Math.round(move);
    remainder = move - whole;
    ticks = Math.max(lowestTicks, ticks + whole);
    return quoteAround(instrument, terms, {
      price: new Big(ticks).times(instrument.tickSize),
      timeMs,
      bidShare: 0.5 + random(),
      askShare: 0.5 + random(),
      lastAtBid: random() < 0.5,
    });
  };

  return {
    symbol: instrument.symbol,
    due: (elapsedMs, nowMs) => {
      const wanted = Math.floor(elapsedMs / STEP_MS) + 1;
      const missing = wanted - steps;
      if (missing <= 0) return [];
      if (missing > STEPS_MAX) {
        regimeEnd += missing - STEPS_MAX;
        steps = wanted - STEPS_MAX;
      }
      return Array.from({ length: wanted - steps }, () => step(nowMs));
    },
    progress: () => undefined,
  };
}

/** A standard normal number (Box–Muller). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
