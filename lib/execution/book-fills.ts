import Big from "big.js";
import type { Fills, VenueOrder } from "../exchange/exchange.ts";
import type { Ending } from "./ending.ts";
import { type ExecutionParts, type Job, pause } from "./execution-parts.ts";
import { guardFill } from "./guard-fill.ts";
import { restOfExit } from "./rest-of-exit.ts";

/** First wait for the venue's trades, doubled up to the last (ms): they can lag the order's reply. */
const WAIT_FIRST_MS = 50;
const WAIT_LAST_MS = 1000;

/**
 * The ending of an order that the venue has ended. Price and fee come from its trades alone, and only once
 * these account for all that the order says it executed: a position is never booked at a price of zero. Its
 * stop is placed while the trades are read: neither waits for the other. `fresh`: the order's own reply said so.
 */
export async function bookFills(
  parts: ExecutionParts,
  job: Job,
  order: VenueOrder,
  how: { readonly fresh: boolean },
): Promise<Ending> {
  const executed = new Big(order.executedQuantity);
  if (executed.eq(0)) {
    return {
      state: "REJECTED",
      reason: "NOT_FILLED",
      detail: `the venue ended it ${order.status} without a fill`,
      order,
    };
  }
  const [stop, rest, fills] = await Promise.all([
    guardFill(parts, job, order, how.fresh),
    job.kind === "exit" ? restOfExit(parts, job, order) : undefined,
    readFills(parts, job, order),
  ]);
  const whole = executed.eq(order.originalQuantity) && rest === undefined;
  return { state: whole ? "FILLED" : "PARTIAL", order, fills, stop, rest };
}

async function readFills(parts: ExecutionParts, job: Job, order: VenueOrder): Promise<Fills> {
  for (let waitMs = WAIT_FIRST_MS; ; waitMs = Math.min(2 * waitMs, WAIT_LAST_MS)) {
    const reading = await parts.exchange.fillsOf(order.symbol, order.orderId, job.kind);
    if (!reading.ok) parts.observe.venueOutcome(reading.outcome);
    else if (new Big(reading.value.quantity).gte(order.executedQuantity)) return reading.value;
    await pause(parts, job, waitMs);
  }
}
