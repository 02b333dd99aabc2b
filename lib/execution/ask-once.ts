import { within } from "../daemon/within.ts";
import type { VenueOrder } from "../exchange/exchange.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { hasEnded, resolveAttempt, type SignedAttempt } from "./resolve-order.ts";

/** How long the question may hold an exit up (ms). */
const QUESTION_MS_MAX = 300;

/**
 * The order of an attempt that the venue may have had before, once it has ended; undefined where it does not have it
 * or does not say so at once: an exit that may be executed twice is asked about, and never waits for the answer.
 */
export async function askOnce(
  parts: ExecutionParts,
  job: Job,
  attempt: SignedAttempt,
): Promise<VenueOrder | undefined> {
  const asked = parts.exchange.queryOrder(job.intent.symbol, attempt.clientOrderId, job.kind);
  const answer = await within(parts.clock, QUESTION_MS_MAX, asked);
  if (answer?.kind !== "found") return undefined;
  return hasEnded(answer.order) ? answer.order : resolveAttempt(parts, job, attempt);
}
