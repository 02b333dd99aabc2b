import type { Exchange } from "../exchange/exchange.ts";

/** How long a leverage that we set is taken as still set (ms): the account may be changed by hand. */
const TRUSTED_MS = 60_000;

/** Sets a symbol's leverage at the venue before an entry, and not again while it is known. */
export class LeverageKeeper {
  readonly #exchange: Pick<Exchange, "setLeverage">;
  readonly #monotonicMs: () => number;
  readonly #known = new Map<string, { leverage: number; sinceMs: number }>();

  constructor(exchange: Pick<Exchange, "setLeverage">, monotonicMs: () => number) {
    this.#exchange = exchange;
    this.#monotonicMs = monotonicMs;
  }

  /** Whether the symbol is known to have this leverage, so that nothing needs to be asked. */
  stands(symbol: string, leverage: number): boolean {
    const known = this.#known.get(symbol);
    return known?.leverage === leverage && this.#monotonicMs() - known.sinceMs < TRUSTED_MS;
  }

  /** The venue has this leverage afterwards; else a description of why not. */
  async ensure(symbol: string, leverage: number): Promise<string | undefined> {
    if (this.stands(symbol, leverage)) return undefined;
    const nowMs = this.#monotonicMs();
    this.#known.delete(symbol);
    const reading = await this.#exchange.setLeverage(symbol, leverage);
    if (!reading.ok) return `${reading.outcome.code ?? reading.outcome.row} ${reading.outcome.message}`;
    if (reading.value !== leverage) return `asked for ${leverage}, the venue set ${reading.value}`;
    this.#known.set(symbol, { leverage, sinceMs: nowMs });
    return undefined;
  }
}
