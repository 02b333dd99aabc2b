import { type LedgerOrder, markOrderUnknown } from "../kernel/order-ledger.ts";
import { bookFills } from "./book-fills.ts";
import { type Ending, rejected } from "./ending.ts";
import type { ExecutionParts, Job } from "./execution-parts.ts";
import { resolveAttempt } from "./resolve-order.ts";

/** The ending of an order that was on its way when its handling broke off; undefined: it never got there. */
export async function resumeOrder(
  parts: ExecutionParts,
  job: Job,
  order: LedgerOrder,
): Promise<Ending | undefined> {
  if (order.state === "RECEIVED") return undefined;
  if (order.state === "SUBMITTING") {
    const { intent_id: intentId } = job.intent;
    await markOrderUnknown(parts.redis, parts.keys, { intentId, owner: parts.owner, why: "resumed" });
  }
  const found = await resolveAttempt(parts, job, order);
  if (found !== undefined) return bookFills(parts, job, found, { fresh: false });
  return order.refusal === "" ? undefined : rejected("VENUE_REJECTED", order.refusal);
}
