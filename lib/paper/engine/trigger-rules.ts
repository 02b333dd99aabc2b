import type Big from "big.js";
import type { Instrument } from "./instrument.ts";
import type { Quote } from "./quote.ts";
import { toTick } from "./quote.ts";
import type { AlgoOrder } from "./venue-order.ts";

/** The price a conditional order looks at. */
export function workingPriceOf(algo: AlgoOrder, quote: Quote): Big {
  return algo.workingType === "MARK_PRICE" ? quote.mark : quote.last;
}

/** Stops trigger when the price runs against the trade, take-profits when it runs with it. */
export function hasTriggered(algo: AlgoOrder, quote: Quote): boolean {
  if (algo.triggerPrice === undefined) return false;
  const price = workingPriceOf(algo, quote);
  const profit = algo.orderType === "TAKE_PROFIT" || algo.orderType === "TAKE_PROFIT_MARKET";
  const upward = (algo.side === "BUY") !== profit;
  return upward ? price.gte(algo.triggerPrice) : price.lte(algo.triggerPrice);
}

/**
 * Moves a trailing order with the market: activated at its activation price (at once without one), then
 * its trigger follows the best price seen at `callbackRate` percent and never goes back.
 */
export function trail(algo: AlgoOrder, quote: Quote, instrument: Instrument): void {
  if (algo.orderType !== "TRAILING_STOP_MARKET" || algo.callbackRate === undefined) return;
  const price = workingPriceOf(algo, quote);
  const selling = algo.side === "SELL";
  if (algo.extreme === undefined && !isActivated(algo, price)) return;
  const best = algo.extreme ?? price;
  const improved = selling ? price.gt(best) : price.lt(best);
  algo.extreme = improved ? price : best;
  const distance = algo.extreme.times(algo.callbackRate).div(100);
  algo.triggerPrice = toTick(
    selling ? algo.extreme.minus(distance) : algo.extreme.plus(distance),
    instrument,
  );
}

/** A trailing order whose activation price the market has passed already: the venue refuses it (-2021). */
export function isActivatedAtOnce(algo: AlgoOrder, quote: Quote): boolean {
  return algo.activatePrice !== undefined && isActivated(algo, workingPriceOf(algo, quote));
}

function isActivated(algo: AlgoOrder, price: Big): boolean {
  if (algo.activatePrice === undefined) return true;
  return algo.side === "SELL" ? price.gte(algo.activatePrice) : price.lte(algo.activatePrice);
}
