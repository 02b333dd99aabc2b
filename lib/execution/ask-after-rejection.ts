/**
 * A proxy on the way may send a request twice, and the answer that comes back is then the one to the second: it
 * refuses what the first has already done. So the venue is asked before a refusal is acted on.
 */
import type { VenueOrder } from "../exchange/exchange.ts";
import type { Outcome } from "../exchange/outcome-classes.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { hasEnded } from "./resolve-order.ts";

export type RejectedWord =
  /** The refusal stands: the venue has no such order, or is not to be asked. */
  | { readonly kind: "refused" }
  | { readonly kind: "at_venue"; readonly order: VenueOrder }
  /** It has it and has not ended it, or could not be asked. */
  | { readonly kind: "unknown" };

/**
 * What the venue says of an order that it refused, by one request; the clock is synchronised first where it was what
 * the venue refused. An exit is asked about where the refusal ends it, or came for its timestamp: then the copy was late,
 * the first may have closed the position, and the one that is there by now is another. Any other refusal of an exit does
 * not wait: sent again it only reduces. Whoever was told to stop, or is refused altogether, does not ask.
 */
export async function askAfterRejection(
  parts: ExecutionParts,
  job: Job,
  rejected: { readonly outcome: Outcome; readonly clientOrderId: string },
): Promise<RejectedWord> {
  const { outcome, clientOrderId } = rejected;
  const answered = outcome.httpStatus !== null && outcome.class !== "LIMITED";
  const late = outcome.advice === "SYNC_CLOCK";
  const concerned =
    job.kind === "entry" ? outcome.advice !== "STOP_ENTRIES" : outcome.class === "ALREADY" || late;
  if (!answered || !concerned) return { kind: "refused" };
  if (late) await parts.exchange.syncClock();
  const answer = await parts.exchange.queryOrder(job.intent.symbol, clientOrderId, job.kind);
  if (answer.kind === "absent") return { kind: "refused" };
  if (answer.kind === "found") {
    return hasEnded(answer.order) ? { kind: "at_venue", order: answer.order } : { kind: "unknown" };
  }
  parts.observe.venueOutcome(answer.outcome);
  return { kind: "unknown" };
}
