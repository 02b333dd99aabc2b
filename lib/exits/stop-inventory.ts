/**
 * The stops that rest at the venue, as they were read last.
 *
 * Invariants
 * 1. A failed reading changes nothing, and is repeated.
 * 2. All symbols at once every 15 s (weight 40), single ones (weight 1) as soon as something happened to them;
 *    together at most a third of the venue's 2400 a minute, whatever happens.
 */
import type { AlgoOrder, Exchange } from "../exchange/exchange.ts";

const ALL_EVERY_MS = 15_000;
/** Without a position and without a stop there is nothing that could be wrong. */
const ALL_EVERY_IDLE_MS = 60_000;
/** Single readings at a time: beyond that all symbols at once are cheaper. */
const SINGLE_MAX = 10;
const ALL_AGAIN_AFTER_MS = 4000;

interface SeenStop {
  readonly order: AlgoOrder;
  /** When the reading that first showed it had ended, monotonic ms. */
  readonly sinceMs: number;
}

export class StopInventory {
  readonly #exchange: Pick<Exchange, "openAlgoOrders">;
  readonly #monotonicMs: () => number;
  readonly #stops = new Map<string, SeenStop>();
  readonly #readAtMs = new Map<string, number>();
  readonly #unsure = new Set<string>();
  #allReadAtMs = Number.NEGATIVE_INFINITY;
  #allAskedAtMs = Number.NEGATIVE_INFINITY;

  constructor(exchange: Pick<Exchange, "openAlgoOrders">, monotonicMs: () => number) {
    this.#exchange = exchange;
    this.#monotonicMs = monotonicMs;
  }

  /** What is known of the symbol may not be true any more. */
  doubt(symbol: string): void {
    this.#unsure.add(symbol);
  }

  all(): readonly SeenStop[] {
    return [...this.#stops.values()];
  }

  /** When a reading that is still believed was begun, monotonic ms; undefined: the symbol must be read first. */
  readAtMs(symbol: string): number | undefined {
    if (this.#unsure.has(symbol)) return undefined;
    const atMs = Math.max(this.#readAtMs.get(symbol) ?? Number.NEGATIVE_INFINITY, this.#allReadAtMs);
    return Number.isFinite(atMs) ? atMs : undefined;
  }

  /** Reads what is due. Never rejects. */
  async refresh(symbols: readonly string[]): Promise<void> {
    const everyMs = symbols.length + this.#stops.size > 0 ? ALL_EVERY_MS : ALL_EVERY_IDLE_MS;
    const doubted = [...this.#unsure];
    const askedAtMs = this.#monotonicMs();
    const many = doubted.length > SINGLE_MAX;
    const due = askedAtMs - this.#allReadAtMs > everyMs || many;
    const mayAskAll = askedAtMs - this.#allAskedAtMs > ALL_AGAIN_AFTER_MS;
    if (many && !mayAskAll) return;
    this.#unsure.clear();
    if (!due || !mayAskAll) {
      await Promise.all(doubted.map((symbol) => this.#readOne(symbol)));
      return;
    }
    this.#allAskedAtMs = askedAtMs;
    const reading = await this.#exchange.openAlgoOrders();
    if (reading.ok) {
      this.#take(reading.value, () => true);
      this.#allReadAtMs = askedAtMs;
    } else {
      // An odd row says nothing of other symbols: each is asked for by itself.
      const again = reading.sound === undefined ? doubted : [...doubted, ...symbols];
      for (const symbol of again) this.#unsure.add(symbol);
    }
  }

  async #readOne(symbol: string): Promise<void> {
    const askedAtMs = this.#monotonicMs();
    const reading = await this.#exchange.openAlgoOrders(symbol);
    if (reading.ok) {
      this.#take(reading.value, (order) => order.symbol === symbol);
      this.#readAtMs.set(symbol, askedAtMs);
    } else this.#unsure.add(symbol);
  }

  /** Replaces the stops that the reading speaks of. */
  #take(read: readonly AlgoOrder[], speaksOf: (order: AlgoOrder) => boolean): void {
    const before = new Map(this.#stops);
    const endedAtMs = this.#monotonicMs();
    for (const [id, { order }] of before) if (speaksOf(order)) this.#stops.delete(id);
    for (const order of read) {
      if (!order.closePosition || order.orderType !== "STOP_MARKET") continue;
      this.#stops.set(order.algoId, { order, sinceMs: before.get(order.algoId)?.sinceMs ?? endedAtMs });
    }
  }
}
