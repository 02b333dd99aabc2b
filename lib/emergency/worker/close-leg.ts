/**
 * The closing of one position, one step of it.
 *
 * 1. Every order is written down, with its client id and timestamp, before it is sent; it is sent once.
 * 2. An order in doubt is asked for by its client id. "No such order" is believed only after its timestamp +
 *    receive window + clock skew; until then nothing new is sent for its position.
 * 3. A venue that does not say what became of one keeps no position open: once positions name what it did, the next
 *    reading of them is the answer.
 */
import type { Outcome } from "../../exchange/outcome-classes.ts";
import { POSITION_LAG_MS_MAX } from "../../exchange/position-lag.ts";
import type { PanicBook } from "./panic-book.ts";
import { legKey, type PanicStanding, type SignedOrder } from "./panic-memory.ts";
import { type CloseOrder, type OpenLeg, planClose } from "./plan-close.ts";
import type { VenuePace } from "./venue-pace.ts";
import { outcomeText, type PanicVenue, type WorkerClock } from "./worker-parts.ts";

const ORDER = { weight: 0, orders: 1 } as const;
const ONE = { weight: 1, orders: 0 } as const;

export interface CloseParts {
  readonly venue: PanicVenue;
  readonly pace: VenuePace;
  readonly book: PanicBook;
  readonly clock: WorkerClock;
  readonly recvWindowMs: number;
  observe: { orderEnded(outcome: "accepted" | "rejected" | "ambiguous"): void };
}

/** What one step came to. */
export interface CloseStep {
  readonly sent: number;
  /** Requests that failed or are in doubt. */
  readonly troubles: number;
  /** What the venue refused, as it said it. */
  readonly refusals: readonly Outcome[];
  /** The last thing that went wrong; empty when nothing did. */
  readonly error: string;
}

const QUIET: CloseStep = { sent: 0, troubles: 0, refusals: [], error: "" };

/** Sends what closes the position, or asks for what was sent before. */
export async function closeLeg(parts: CloseParts, panic: PanicStanding, leg: OpenLeg): Promise<CloseStep> {
  const sent = panic.legs.get(legKey(leg.symbol, leg.positionSide))?.orders ?? [];
  const rules = parts.venue.rules(leg.symbol) ?? null;
  const plan = planClose({ eventId: panic.event.event_id, leg, rules, sent });
  const steps =
    plan.kind === "resolve"
      ? plan.orders.map((order) => resolveOrder(parts, { panic, symbol: leg.symbol, order }))
      : plan.orders.map((order) => sendOrder(parts, panic, order));
  return (await Promise.all(steps)).reduce(together, QUIET);
}

function together(one: CloseStep, other: CloseStep): CloseStep {
  return {
    sent: one.sent + other.sent,
    troubles: one.troubles + other.troubles,
    refusals: [...one.refusals, ...other.refusals],
    error: other.error === "" ? one.error : other.error,
  };
}

async function sendOrder(parts: CloseParts, panic: PanicStanding, order: CloseOrder): Promise<CloseStep> {
  const { venue, book, recvWindowMs } = parts;
  const eventId = panic.event.event_id;
  const result = await parts.pace.run(ORDER, async (sending) => {
    const timestampMs = venue.serverNowMs();
    await book.write({
      type: "signed",
      event_id: eventId,
      symbol: order.symbol,
      position_side: order.positionSide,
      n: order.n,
      client_order_id: order.clientOrderId,
      quantity: order.quantity,
      signed_venue_ms: timestampMs,
      recv_window_ms: recvWindowMs,
    });
    sending();
    return venue.submitOrder({ kind: "exit", ...order }, { timestampMs, recvWindowMs });
  });
  if (result === undefined) return { ...QUIET, troubles: 1, error: "stopped" };
  parts.observe.orderEnded(result.phase);
  const { clientOrderId: client_order_id } = order;
  if (result.phase === "accepted") {
    await book.write({ type: "settled", event_id: eventId, client_order_id, outcome: "accepted" });
    return { ...QUIET, sent: 1 };
  }
  const error = outcomeText(result.outcome);
  if (result.phase === "ambiguous") return { ...QUIET, sent: 1, troubles: 1, error };
  await book.write({ type: "settled", event_id: eventId, client_order_id, outcome: "rejected" });
  return { sent: 1, troubles: 1, refusals: [result.outcome], error };
}

/** Asks what became of an order in doubt. */
export async function resolveOrder(
  parts: CloseParts,
  of: { readonly panic: PanicStanding; readonly symbol: string; readonly order: SignedOrder },
): Promise<CloseStep> {
  const { venue, book } = parts;
  const { clientOrderId: client_order_id, signedVenueMs, recvWindowMs } = of.order;
  // Read before asking: an order that arrives while we ask is not called absent.
  const expiredMs = venue.serverNowMs() - (signedVenueMs + recvWindowMs + venue.clockSkewMs());
  const expired = expiredMs > 0;
  const query = await parts.pace.run(ONE, (sending) => {
    sending();
    return venue.queryOrder(of.symbol, client_order_id);
  });
  const settle = (outcome: "accepted" | "rejected" | "absent") =>
    book.write({ type: "settled", event_id: of.panic.event.event_id, client_order_id, outcome });
  if (query?.kind === "found" && query.order.status !== "NEW" && query.order.status !== "PARTIALLY_FILLED") {
    await settle(query.order.status === "REJECTED" ? "rejected" : "accepted");
    return QUIET;
  }
  if (query?.kind === "absent" && expired) {
    await settle("absent");
    return QUIET;
  }
  if (query?.kind === "unknown" && expiredMs > POSITION_LAG_MS_MAX) await settle("absent");
  const error = query?.kind === "unknown" ? outcomeText(query.outcome) : "its last order is in doubt";
  return { ...QUIET, troubles: 1, error };
}
