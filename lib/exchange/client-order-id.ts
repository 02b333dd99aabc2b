import { createHash } from "node:crypto";

/** What the venue takes as a client order id. */
export const CLIENT_ORDER_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;
const VERBATIM = /^[.A-Z:/a-z0-9_-]{1,32}$/;
const ATTEMPT_MAX = 999;

/** The intent id itself where the venue takes it, so that both sides' records match by eye; else its hash. */
function stem(intentId: string): string {
  if (VERBATIM.test(intentId)) return intentId;
  return `:${createHash("sha256").update(intentId).digest("hex").slice(0, 31)}`;
}

/**
 * The id under which an attempt is sent and, when in doubt, asked for: the same intent and attempt always
 * give the same one, so it need not be stored to be found. `attempt` counts from 1; beyond 999 throws.
 */
export function clientOrderId(intentId: string, attempt: number): string {
  if (!Number.isInteger(attempt) || attempt < 1 || attempt > ATTEMPT_MAX) {
    throw new RangeError(`attempt ${attempt} is outside 1 … ${ATTEMPT_MAX}`);
  }
  return `${stem(intentId)}-${attempt}`;
}

/** The id of the protective stop that belongs to an intent's position. */
export function protectiveStopId(intentId: string): string {
  return `${stem(intentId)}-s`;
}
