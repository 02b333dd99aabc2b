/**
 * The quantity of a market order, cut to the venue's filters.
 *
 * Invariants
 * 1. Never more than was asked: every cut goes down.
 * 2. An entry that the venue would refuse is denied here; an entry is one order, never several.
 * 3. An exit is exempt from the minimum notional, and split where one order may not hold it all; without
 *    rules it goes as it is, since the venue knows better and closing never waits.
 */
import Big from "big.js";
import { canonicalDecimal } from "../contract/decimal-text.ts";
import { DOLLARS } from "./dollars.ts";
import type { QuantityRange, SymbolRules } from "./symbol-rules.ts";

/** More orders than this for one close say that something is wrong with the rules. */
const PARTS_MAX = 50;

export interface OrderSizeInput {
  readonly kind: "entry" | "exit";
  /** null: the venue does not list the symbol, or rules were never read. */
  readonly rules: SymbolRules | null;
  /** Base units, decimal text. */
  readonly quantity: string;
  /** What the venue measures a market order's notional by; entries need it. */
  readonly markPrice: string | null;
}

export type OrderSize =
  | {
      readonly kind: "sized";
      /** The first order; of an entry the only one. */
      readonly quantity: string;
      /** Exits beyond the maximum of one order: the quantities of the others. */
      readonly rest: readonly string[];
      /** What is left of what was asked, less than a step unless an exit needed too many parts. */
      readonly leftover: string;
    }
  | {
      readonly kind: "denied";
      readonly reason: "FILTERS";
      readonly detail: Readonly<Record<string, string>>;
    };

const denied = (detail: Readonly<Record<string, string>>): OrderSize => ({
  kind: "denied",
  reason: "FILTERS",
  detail,
});

/** A quantity a market order may have: both lot filters hold for it. */
interface MarketRange {
  readonly min: Big;
  readonly max: Big;
  readonly step: Big;
}

const known = new WeakMap<SymbolRules, MarketRange>();

/** Worked out once for a symbol's rules, which are replaced and never changed. */
function marketRange(rules: SymbolRules): MarketRange {
  const found = known.get(rules) ?? rangeOf(rules);
  known.set(rules, found);
  return found;
}

function rangeOf({ lot, marketLot }: SymbolRules): MarketRange {
  const larger = (one: string, other: string) => (new Big(one).gt(other) ? new Big(one) : new Big(other));
  const max = [lot, marketLot]
    .map((range: QuantityRange) => new Big(range.max))
    .filter((limit) => limit.gt(0));
  return {
    min: larger(lot.min, marketLot.min),
    max: max.reduce((least, one) => (one.lt(least) ? one : least), max[0] ?? new Big("1e15")),
    step: commonStep(new Big(lot.step), new Big(marketLot.step)),
  };
}

/**
 * The least step that is a multiple of both; zero means any. Steps that do not meet within 1000 of the
 * coarser one (no venue has such) leave the coarser, and the venue to judge.
 */
function commonStep(one: Big, other: Big): Big {
  if (one.eq(0)) return other;
  if (other.eq(0)) return one;
  const [fine, coarse] = one.lt(other) ? [one, other] : [other, one];
  let step = coarse;
  for (let multiple = 1; multiple <= 1000; multiple += 1) {
    if (step.mod(fine).eq(0)) return step;
    step = step.plus(coarse);
  }
  return coarse;
}

const cut = (quantity: Big, step: Big): Big => (step.eq(0) ? quantity : quantity.minus(quantity.mod(step)));

/** The least quantity that a market order may have; undefined: the filters know none, or contradict themselves. */
export function smallestMarketOrder(rules: SymbolRules): string | undefined {
  const { min, max, step } = marketRange(rules);
  const down = cut(min, step);
  const least = down.lt(min) || down.eq(0) ? down.plus(step) : down;
  return least.gt(0) && least.lte(max) ? least.toFixed() : undefined;
}

/** Whether a position is too small for any market order of the venue; false where the filters do not say. */
export function isUnderSmallestOrder(quantity: string, rules: SymbolRules | undefined): boolean {
  const least = rules === undefined ? undefined : smallestMarketOrder(rules);
  return least !== undefined && new Big(quantity).abs().lt(least);
}

/** Cuts a quantity to the symbol's filters. Pure. */
export function decideOrderSize(input: OrderSizeInput): OrderSize {
  const text = canonicalDecimal(input.quantity);
  if (text === undefined || new Big(text).lte(0)) return denied({ quantity: input.quantity });
  const { rules, kind } = input;
  if (rules === null) {
    if (kind === "entry") return denied({ symbol: "not listed by the venue" });
    return { kind: "sized", quantity: text, rest: [], leftover: "0" };
  }
  const range = marketRange(rules);
  const asked = new Big(text);
  const quantity = cut(asked, range.step);
  if (quantity.lte(0) || quantity.lt(range.min)) {
    return denied({ quantity: text, minQuantity: range.min.toFixed(), step: range.step.toFixed() });
  }
  return kind === "entry"
    ? sizeEntry(input, rules, { quantity, range, asked })
    : sizeExit(quantity, range, asked);
}

function sizeEntry(
  input: OrderSizeInput,
  rules: SymbolRules,
  size: { readonly quantity: Big; readonly range: MarketRange; readonly asked: Big },
): OrderSize {
  const { quantity, range, asked } = size;
  if (rules.status !== "TRADING") return denied({ symbolStatus: rules.status });
  // The venue lists ETHBTC among the others: 100 USD of it would be sent as 100 BTC.
  if (!DOLLARS.has(rules.quoteAsset)) return denied({ quoteAsset: rules.quoteAsset });
  if (quantity.gt(range.max)) {
    return denied({ quantity: quantity.toFixed(), maxQuantity: range.max.toFixed() });
  }
  const mark = canonicalDecimal(input.markPrice ?? "");
  if (mark === undefined) return denied({ markPrice: input.markPrice ?? "absent" });
  const notional = quantity.times(mark);
  if (notional.lt(rules.minNotionalUsd)) {
    return denied({ notionalUsd: notional.toFixed(), venueMinNotionalUsd: rules.minNotionalUsd });
  }
  return { kind: "sized", quantity: quantity.toFixed(), rest: [], leftover: asked.minus(quantity).toFixed() };
}

function sizeExit(quantity: Big, range: MarketRange, asked: Big): OrderSize {
  const full = cut(range.max, range.step);
  if (full.lte(0)) return denied({ maxQuantity: range.max.toFixed(), step: range.step.toFixed() });
  const parts: Big[] = [];
  let left = quantity;
  while (left.gt(0) && left.gte(range.min) && parts.length < PARTS_MAX) {
    const part = left.gt(full) ? full : left;
    parts.push(part);
    left = left.minus(part);
  }
  const [first, ...rest] = parts.map((part) => part.toFixed());
  if (first === undefined) return denied({ quantity: quantity.toFixed() });
  return { kind: "sized", quantity: first, rest, leftover: asked.minus(quantity).plus(left).toFixed() };
}
