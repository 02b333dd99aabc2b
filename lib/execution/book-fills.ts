import Big from "big.js";
import type { Fills, VenueOrder } from "../exchange/exchange.ts";
import type { Ending } from "./ending.ts";
import { type ExecutionParts, type Job, pause } from "./execution-parts.ts";
import { type FillKnowledge, guardFill } from "./guard-fill.ts";
import type { StopOutcome } from "./place-stop.ts";
import { restOfExit } from "./rest-of-exit.ts";

/** First wait for the venue's trades, doubled up to the last (ms): they can lag the order's reply. */
const WAIT_FIRST_MS = 50;
const WAIT_LAST_MS = 1000;
/** How long the trades are waited for before the order's own price is taken (ms). The venue forgets old trades. */
const TRADES_WAIT_MS = 30_000;
/** The same where an exit follows: it is published with the result, or by the exit brain after it (ms). */
const TRADES_WAIT_URGENT_MS = 500;
/** The wait between questions from then on (ms): they must not spend the request budget. */
const WAIT_MISSING_MS = 5000;

/**
 * The ending of an order that the venue has ended. Price and fee come from its trades, once these account for all
 * that the order says it executed. Where the venue goes on not listing them, price and size come from the order as
 * the venue has it, without a fee; and where that has no price either, the order stays in doubt: a position is never
 * booked at a price of zero. Its stop is placed while the trades are read: neither waits for the other. An exit that
 * follows, of a rest or of a position beyond its stop, waits for them half a second.
 */
export async function bookFills(
  parts: ExecutionParts,
  job: Job,
  order: VenueOrder,
  how: FillKnowledge,
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
  let booked = false;
  let closesMore = job.kind === "exit" && executed.lt(order.originalQuantity);
  const follow = async () => {
    const [stop, rest] = await Promise.all([
      guardMeanwhile(parts, job, { order, how, isBooked: () => booked }),
      job.kind === "exit" ? restOfExit(parts, job, order) : undefined,
    ]);
    closesMore ||= rest !== undefined || stop?.kind === "passed";
    return { stop, rest };
  };
  // Asked out of the share of exits from then on: a spent minute must not hold the one that follows up.
  const urgency = (): Urgency =>
    closesMore
      ? { patienceMs: TRADES_WAIT_URGENT_MS, kind: "exit" }
      : { patienceMs: TRADES_WAIT_MS, kind: job.kind };
  const reading = readFills(parts, job, order, urgency).finally(() => {
    booked = true;
  });
  const [{ stop, rest }, fills] = await Promise.all([follow(), reading]);
  const whole = executed.eq(order.originalQuantity) && rest === undefined;
  return { state: whole ? "FILLED" : "PARTIAL", order, fills, stop, rest };
}

/** The stop is tried for as long as the trades are waited for: who mends it learns of it only from the result. */
async function guardMeanwhile(
  parts: ExecutionParts,
  job: Job,
  fill: { readonly order: VenueOrder; readonly how: FillKnowledge; isBooked(): boolean },
): Promise<StopOutcome | undefined> {
  const { order, how, isBooked } = fill;
  let stop = await guardFill(parts, job, order, how);
  while (stop?.kind === "missing" && !isBooked()) {
    await pause(parts, job, WAIT_LAST_MS);
    if (!isBooked()) stop = await guardFill(parts, job, order, { ...how, fresh: false, again: true });
  }
  return stop;
}

interface Urgency {
  readonly patienceMs: number;
  readonly kind: Job["kind"];
}

async function readFills(
  parts: ExecutionParts,
  job: Job,
  order: VenueOrder,
  urgency: () => Urgency,
): Promise<Fills> {
  const sinceMs = parts.clock.monotonicMs();
  let told = false;
  for (let waitMs = WAIT_FIRST_MS; ; waitMs = Math.min(2 * waitMs, told ? WAIT_MISSING_MS : WAIT_LAST_MS)) {
    const reading = await parts.exchange.fillsOf(order.symbol, order.orderId, urgency().kind);
    if (!reading.ok) parts.observe.venueOutcome(reading.outcome);
    else if (new Big(reading.value.quantity).gte(order.executedQuantity)) return reading.value;
    if (parts.clock.monotonicMs() - sinceMs >= urgency().patienceMs) {
      const { symbol, orderId } = order;
      if (!told) parts.log.warn({ intent_id: job.intent.intent_id, symbol, orderId }, "TRADES_MISSING");
      told = true;
      const fills = await fillsByOrder(parts, order, urgency().kind);
      if (fills !== undefined) return fills;
    }
    await pause(parts, job, waitMs);
  }
}

/** What the order itself says that it did; undefined: nothing that a position could be booked by. */
async function fillsByOrder(
  parts: ExecutionParts,
  order: VenueOrder,
  kind: Job["kind"],
): Promise<Fills | undefined> {
  const answer = await parts.exchange.queryOrder(order.symbol, order.clientOrderId, kind);
  if (answer.kind === "unknown") parts.observe.venueOutcome(answer.outcome);
  // The venue frees the client id of an order that has ended: another one may have it by now.
  const same = answer.kind === "found" && answer.order.orderId === order.orderId;
  const { averagePrice, executedQuantity: quantity, updateTimeMs } = same ? answer.order : order;
  if (averagePrice === null || !new Big(averagePrice).gt(0)) return undefined;
  if (new Big(quantity).lt(order.executedQuantity)) return undefined;
  return {
    averagePrice: new Big(averagePrice).toFixed(),
    quantity,
    quoteUsd: new Big(averagePrice).times(quantity).toFixed(),
    feeUsd: "0",
    unpricedFeeAssets: [],
    realisedPnlUsd: "0",
    tradeCount: 0,
    lastTradeMs: updateTimeMs,
  };
}
