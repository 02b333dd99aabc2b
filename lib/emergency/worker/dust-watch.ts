/**
 * Positions that no order can close, for they are smaller than the least that the venue takes.
 *
 * 1. A position is dust only by the venue's own word: it refused its size, again and again, under rules that were read
 *    anew after a refusal, and by these rules the position is under the smallest order.
 * 2. One answer of another kind, another quantity, or rules that allow it, and it is closed like every other.
 */
import { isUnderSmallestOrder, smallestMarketOrder } from "../../exchange/decide-order-size.ts";
import type { Outcome } from "../../exchange/outcome-classes.ts";
import type { SymbolRules } from "../../exchange/symbol-rules.ts";
import { legKey } from "./panic-memory.ts";
import type { OpenLeg } from "./plan-close.ts";
import type { WorkerLog } from "./worker-parts.ts";

/** Refusals of one position's size in rounds that follow one another. In one-way mode each of two sizes had three. */
const REFUSALS_MIN = 6;

/** Whether the venue refused an order for its quantity. */
export function isSizeRefusal({ row }: Outcome): boolean {
  return row === "REFUSED_BY_FILTER" || row === "MALFORMED_REQUEST";
}

const keyOf = ({ symbol, positionSide }: OpenLeg) => legKey(symbol, positionSide);

export class DustWatch {
  readonly #rulesOf: (symbol: string) => SymbolRules | undefined;
  readonly #log: Pick<WorkerLog, "error">;
  #left: ReadonlyMap<string, string> = new Map();
  readonly #refused = new Map<string, { readonly quantity: string; count: number }>();

  constructor(rulesOf: (symbol: string) => SymbolRules | undefined, log: Pick<WorkerLog, "error">) {
    this.#rulesOf = rulesOf;
    this.#log = log;
  }

  /** What a round came to for the positions that it tried to close; `refused`: those whose every order was, for its size. */
  note(tried: readonly OpenLeg[], refused: readonly OpenLeg[], rulesAreNew: boolean): void {
    const keys = new Set(refused.map(keyOf));
    for (const leg of tried) {
      const key = keyOf(leg);
      const { quantity } = leg;
      if (!(keys.has(key) && rulesAreNew && this.#isUnderSmallest(leg))) this.#refused.delete(key);
      else {
        const known = this.#refused.get(key);
        this.#refused.set(key, { quantity, count: known?.quantity === quantity ? known.count + 1 : 1 });
      }
    }
  }

  isDust(leg: OpenLeg): boolean {
    const known = this.#refused.get(keyOf(leg));
    const refused = known?.quantity === leg.quantity && known.count >= REFUSALS_MIN;
    return refused && this.#isUnderSmallest(leg);
  }

  /** What is left open as dust: said once, at once. */
  noteLeft(legs: readonly OpenLeg[]): void {
    const left = new Map(legs.map((leg) => [keyOf(leg), this.#describe(leg)]));
    for (const [position, why] of left) {
      if (!this.#left.has(position)) this.#log.error({ position, why }, "PANIC_DUST");
    }
    this.#left = left;
  }

  /** The same, by position key, as a completion says it. */
  left(): ReadonlyMap<string, string> {
    return this.#left;
  }

  #describe({ symbol, quantity }: OpenLeg): string {
    const rules = this.#rulesOf(symbol);
    const least = rules === undefined ? "unknown" : smallestMarketOrder(rules);
    return `DUST: ${symbol} ${quantity} is under the venue's smallest order, ${least}: no order can close it`;
  }

  #isUnderSmallest({ symbol, quantity }: OpenLeg): boolean {
    return isUnderSmallestOrder(quantity, this.#rulesOf(symbol));
  }
}
