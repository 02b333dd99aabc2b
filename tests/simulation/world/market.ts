import { z } from "zod";
import type { Chance } from "../engine/chance.ts";
import type { Simulation } from "../engine/simulation.ts";

/** The contracts that decisions are about. */
export const SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"] as const;
type SymbolName = (typeof SYMBOLS)[number];

const MOVES_EVERY_MS = 700;
/** Now and then a price jumps, percent. */
const JUMP_PCT = 4;
const marksSchema = z.array(z.looseObject({ symbol: z.string(), markPrice: z.string() }));

/** Moves the venue's prices by hand, one symbol at a time: quiet, lively or wild by the run. */
export class Market {
  readonly #simulation: Simulation;
  readonly #chance: Chance;
  readonly #stepPct: number;
  readonly #prices = new Map<SymbolName, number>();

  constructor(simulation: Simulation, stepPct: number) {
    this.#simulation = simulation;
    this.#chance = simulation.chance.branch("market");
    this.#stepPct = stepPct;
    const marks = marksSchema.parse(simulation.venue.look("/fapi/v1/premiumIndex"));
    for (const symbol of SYMBOLS) {
      this.#prices.set(symbol, Number(marks.find((mark) => mark.symbol === symbol)?.markPrice ?? 1));
    }
    this.#next();
  }

  /** Symbol → price as the venue would print it. */
  prices(): ReadonlyMap<string, string> {
    return new Map([...this.#prices].map(([symbol, price]) => [symbol, price.toFixed(4)]));
  }

  #next(): void {
    const { timeline } = this.#simulation;
    timeline.after(MOVES_EVERY_MS * 2000 * this.#chance.next(), timeline.nobody, "price moves", () => {
      this.#move(this.#chance.pick(SYMBOLS));
      this.#next();
    });
  }

  #move(symbol: SymbolName): void {
    const before = this.#prices.get(symbol) ?? 1;
    const jump = this.#stepPct > 0 && this.#chance.hit(0.02) ? JUMP_PCT : 0;
    const movedPct = (2 * this.#chance.next() - 1) * (this.#stepPct + jump);
    const price = before * (1 + movedPct / 100);
    this.#prices.set(symbol, price);
    this.#simulation.venue.control("/paper/market", { symbol, price: price.toFixed(4) });
  }
}
