/**
 * The newest mark price of every symbol, by whatever way it came.
 *
 * 1. An age is measured by our monotonic clock from when the price arrived; by how much it was older then, on the
 *    venue's clock, it is older all along: a stream that lags, or was read late, does not look fresh.
 * 2. A price never gives way to an older one.
 * 3. Nothing is invented: a symbol without a price has none, an old price says its age.
 */
import { canonicalDecimal } from "../contract/decimal-text.ts";
import type { Exchange } from "./exchange.ts";

export interface AgedMarkPrice {
  readonly price: string;
  /** The venue's time of the price, epoch ms. */
  readonly eventMs: number;
  /** Since it arrived, and by how much it was old then. */
  readonly ageMs: number;
}

/** Older prices than this stand in nobody's way (ms). */
const FRESH_MS_MAX = 2000;
/** A mark is computed once a second: one of the venue's last second is of now. */
const LAG_MS_ALLOWED = 1000;

interface Received {
  readonly price: string;
  readonly eventMs: number;
  /** When it was of now, by our monotonic clock. */
  readonly atMs: number;
}

export class MarkBook {
  readonly #exchange: Pick<Exchange, "serverNowMs" | "clockSkewMs">;
  readonly #clock: { monotonicMs(): number };
  readonly #marks = new Map<string, Received>();
  #newestMs = Number.NEGATIVE_INFINITY;

  constructor(exchange: Pick<Exchange, "serverNowMs" | "clockSkewMs">, clock: { monotonicMs(): number }) {
    this.#exchange = exchange;
    this.#clock = clock;
  }

  /** Takes a price; returns when it was of now (monotonic ms), or undefined where it is none, or no news. */
  receive(symbol: string, price: string, eventMs: number): number | undefined {
    if (!isPrice(price)) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const lagMs = this.#exchange.serverNowMs() - this.#exchange.clockSkewMs() - eventMs - LAG_MS_ALLOWED;
    const mark = { price, eventMs, atMs: nowMs - Math.max(0, lagMs) };
    const known = this.#marks.get(symbol);
    if (known !== undefined && isOlder(mark, known, nowMs)) return undefined;
    this.#marks.set(symbol, mark);
    this.#newestMs = Math.max(this.#newestMs, mark.atMs);
    return mark.atMs;
  }

  markOf(symbol: string): AgedMarkPrice | undefined {
    const mark = this.#marks.get(symbol);
    if (mark === undefined) return undefined;
    return { price: mark.price, eventMs: mark.eventMs, ageMs: this.#clock.monotonicMs() - mark.atMs };
  }

  /** The age of the newest price of all (ms); Infinity before the first. */
  silenceMs(): number {
    return this.#clock.monotonicMs() - this.#newestMs;
  }
}

/** By the venue's times, unless what is known is old itself: the venue's clock may have been set back. */
function isOlder(mark: Received, known: Received, nowMs: number): boolean {
  const isKnownFresh = nowMs - known.atMs <= FRESH_MS_MAX;
  return mark.atMs < known.atMs || (isKnownFresh && mark.eventMs < known.eventMs);
}

/** A finite number above zero: a stop measured from anything else would close what is open. */
function isPrice(text: string): boolean {
  const canonical = canonicalDecimal(text);
  return canonical !== undefined && canonical !== "0" && !canonical.startsWith("-");
}
