import { createHash } from "node:crypto";

/** What the venue takes as a client order id. */
export const CLIENT_ORDER_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;
const VERBATIM = /^[.A-Z:/a-z0-9_-]{1,32}$/;
const LENGTH_MAX = 36;
/** Attempts that are written as they are counted; further ones are shortened. */
const COUNTED_MAX = 999;
const INTENT_ORDER =
  /^(?!panic-|web_|ios_|android_|electron_|autoclose-)[.A-Z:/a-z0-9_-]+-(?:\d{1,3}|x[0-9a-z]+)$/;
const PROTECTIVE_STOP = /^[.A-Z:/a-z0-9_-]{1,34}-s$/;

/** The intent id itself where the venue takes it, so that both sides' records match by eye; else its hash. */
function stem(intentId: string): string {
  return VERBATIM.test(intentId) ? intentId : hashed(intentId, 32);
}

function hashed(intentId: string, length: number): string {
  return `:${createHash("sha256").update(intentId).digest("hex")}`.slice(0, length);
}

/**
 * The id under which an attempt is sent and, when in doubt, asked for: the same intent and attempt always
 * give the same one, so it need not be stored to be found. `attempt` counts from 1 and has no end: an exit is
 * tried for as long as it takes. Throws RangeError for what is no attempt at all.
 */
export function clientOrderId(intentId: string, attempt: number): string {
  if (!Number.isSafeInteger(attempt) || attempt < 1) throw new RangeError(`attempt ${attempt} is none`);
  // The letter keeps them apart from counted ones, and from the stop's.
  const tail = attempt <= COUNTED_MAX ? String(attempt) : `x${(attempt - COUNTED_MAX).toString(36)}`;
  const id = `${stem(intentId)}-${tail}`;
  return id.length <= LENGTH_MAX ? id : `${hashed(intentId, LENGTH_MAX - 1 - tail.length)}-${tail}`;
}

/** Whether the id is that of an intent's order: not a panic's close, not a stop, and nothing that a venue's app made. */
export function isIntentOrderId(clientOrderId: string): boolean {
  return INTENT_ORDER.test(clientOrderId);
}

/** The id of the protective stop that belongs to an intent's position. */
export function protectiveStopId(intentId: string): string {
  return `${stem(intentId)}-s`;
}

/** Whether the id is that of a stop which this system has placed; everybody else's is left alone. */
export function isProtectiveStopId(clientAlgoId: string): boolean {
  return PROTECTIVE_STOP.test(clientAlgoId);
}
