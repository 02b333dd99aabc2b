import Big from "big.js";
import type { OrderSide } from "./exchange.ts";
import type { SymbolRules } from "./symbol-rules.ts";

/**
 * A stop's trigger price on the symbol's tick, rounded so that it closes sooner, never later, than asked:
 * up for a SELL (below a long), down for a BUY (above a short). Undefined when it leaves the price filter.
 */
export function decideTriggerPrice(input: {
  readonly price: string;
  /** The side of the order that closes. */
  readonly side: OrderSide;
  readonly rules: Pick<SymbolRules, "tickSize" | "priceMin" | "priceMax">;
}): string | undefined {
  const { rules } = input;
  const price = new Big(input.price);
  const tick = new Big(rules.tickSize);
  const below = tick.eq(0) ? price : price.minus(price.mod(tick));
  const rounded = input.side === "SELL" && below.lt(price) ? below.plus(tick) : below;
  const priceMax = new Big(rules.priceMax);
  if (rounded.lte(0) || rounded.lt(rules.priceMin) || (priceMax.gt(0) && rounded.gt(priceMax)))
    return undefined;
  return rounded.toFixed();
}
