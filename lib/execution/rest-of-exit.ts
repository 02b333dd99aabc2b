import Big from "big.js";
import { within } from "../daemon/within.ts";
import { decideOrderSize, isUnderSmallestOrder } from "../exchange/decide-order-size.ts";
import type { VenueOrder } from "../exchange/exchange.ts";
import { askedQuantity } from "./asked-quantity.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { POSITION_READ_MS_MAX } from "./position-read.ts";

/** What an exit leaves open that one market order could not close; null: whatever is open. */
export type RestOfExit = { readonly quantity: string | null };

/**
 * What rests of an exit whose order filled at the largest size that the venue takes; undefined: nothing. Asked of
 * the order alone, so that a process that died in between finds the same. An exit that the venue's liquidity cut
 * short is not this: its rest is dead, as its result says.
 */
export async function restOfExit(
  parts: ExecutionParts,
  job: Job,
  order: VenueOrder,
): Promise<RestOfExit | undefined> {
  const filled = new Big(order.executedQuantity);
  if (filled.lt(order.originalQuantity) || !isLargest(parts, order)) return undefined;
  const markPrice = order.averagePrice ?? parts.markOf(order.symbol)?.price;
  const asked = askedQuantity(job.intent, { markPrice });
  // Without a price nobody knows whether anything of an amount in USD rests, and no more is closed than was asked.
  if (asked.kind === "unpriced") return undefined;
  const rest = asked.kind === "all" ? null : asked.quantity.minus(filled);
  if (
    rest !== null &&
    (rest.lte(0) || isUnderSmallestOrder(rest.toFixed(), parts.exchange.rules(order.symbol)))
  )
    return undefined;
  const open = await openQuantity(parts, order);
  if (open?.eq(0)) return undefined;
  return { quantity: rest === null ? null : rest.toFixed() };
}

/** Whether anything more would have been cut off by the venue's maximum. */
function isLargest(parts: ExecutionParts, order: VenueOrder): boolean {
  const rules = parts.exchange.rules(order.symbol) ?? null;
  const more = new Big(order.originalQuantity).times(2).toFixed();
  const size = decideOrderSize({ kind: "exit", rules, quantity: more, markPrice: null });
  return size.kind === "sized" && new Big(size.quantity).lte(order.originalQuantity);
}

/** What is still open on the side that the order closed; undefined: unreadable, or not read in time. */
async function openQuantity(parts: ExecutionParts, order: VenueOrder): Promise<Big | undefined> {
  const asked = parts.exchange.positions(order.symbol);
  const reading = await within(parts.clock, POSITION_READ_MS_MAX, asked);
  if (reading?.ok !== true) return undefined;
  const closesLong = order.side === "SELL";
  const sizes = reading.value
    .filter((one) => one.symbol === order.symbol && one.positionSide === order.positionSide)
    .map((one) => new Big(one.quantity).times(closesLong ? 1 : -1))
    .filter((size) => size.gt(0));
  return sizes.reduce((sum, size) => sum.plus(size), new Big(0));
}
