import type { TradeIntent } from "../contract/trade-intent.ts";
import type { Exchange } from "../exchange/exchange.ts";

/** How long a leverage that we set is taken as still set (ms): the account may be changed by hand. */
const TRUSTED_MS = 60_000;

/** An entry that is to be sent with its leverage. */
type Entry = Pick<TradeIntent, "intent_id" | "symbol" | "leverage">;

export interface LeverageParts {
  readonly exchange: Pick<Exchange, "setLeverage">;
  readonly clock: { monotonicMs(): number };
  /** Intents that this process has in work. */
  readonly inHand: { has(intentId: string): boolean };
}

/**
 * Sets a symbol's leverage at the venue before an entry, and not again while it is known. The venue has one a symbol: it
 * is not changed while an entry that was promised another is in work, or that one would be sent with it.
 */
export class LeverageKeeper {
  readonly #parts: LeverageParts;
  readonly #known = new Map<string, { leverage: number; sinceMs: number }>();
  /** Of each symbol, the entries that count on a leverage. */
  readonly #promised = new Map<string, Map<string, number>>();

  constructor(parts: LeverageParts) {
    this.#parts = parts;
  }

  /** Whether the symbol is known to have this leverage, so that nothing needs to be asked; then it stays so for the entry. */
  stands(entry: Entry): boolean {
    const known = this.#known.get(entry.symbol);
    const stands =
      known?.leverage === entry.leverage && this.#parts.clock.monotonicMs() - known.sinceMs < TRUSTED_MS;
    if (stands) this.#promise(entry);
    return stands;
  }

  /** The venue has this leverage afterwards, until the entry is out of work; else a description of why not. */
  async ensure(entry: Entry): Promise<string | undefined> {
    const { symbol, leverage } = entry;
    const other = this.#promisedOther(entry);
    if (other !== undefined) return `an entry of ${symbol} is on its way with leverage ${other}`;
    if (this.stands(entry)) return undefined;
    this.#promise(entry);
    const nowMs = this.#parts.clock.monotonicMs();
    this.#known.delete(symbol);
    const reading = await this.#parts.exchange.setLeverage(symbol, leverage);
    if (!reading.ok) return `${reading.outcome.code ?? reading.outcome.row} ${reading.outcome.message}`;
    if (reading.value !== leverage) return `asked for ${leverage}, the venue set ${reading.value}`;
    this.#known.set(symbol, { leverage, sinceMs: nowMs });
    return undefined;
  }

  #promise({ symbol, intent_id, leverage }: Entry): void {
    this.#promised.set(symbol, this.#inWork(symbol).set(intent_id, leverage));
  }

  /** The leverage that another entry in work counts on, where it is not this. */
  #promisedOther({ symbol, leverage }: Entry): number | undefined {
    return [...this.#inWork(symbol).values()].find((other) => other !== leverage);
  }

  /** The symbol's entries that are still in work; the others are forgotten. */
  #inWork(symbol: string): Map<string, number> {
    const promised = this.#promised.get(symbol) ?? new Map<string, number>();
    for (const intentId of promised.keys()) {
      if (!this.#parts.inHand.has(intentId)) promised.delete(intentId);
    }
    return promised;
  }
}
