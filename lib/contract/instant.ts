const EPOCH = /^\d{9,16}(?:\.\d+)?$/;
const ZONED = /(?:[zZ]|[+-]\d{2}:?\d{2})$/;
const ISO = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}/;
/** Epoch numbers below this are seconds: as milliseconds it is March 1973, as seconds the year 5138. */
const SECONDS_BELOW = 1e11;
/** The last instant that can be written as a date, epoch ms (ECMA-262, time values). */
export const INSTANT_MS_MAX = 8.64e15;

/**
 * Epoch milliseconds of an ISO 8601 text or an epoch in s or ms, or undefined. A text without a zone is
 * UTC: the engine writes Python's `utcnow().isoformat()`, and the host's zone must not shift its age.
 */
export function instantMs(input: string | number | null | undefined): number | undefined {
  if (input === null || input === undefined) return undefined;
  const text = String(input).trim();
  if (EPOCH.test(text)) {
    const value = Number(text);
    const ms = Math.round(value < SECONDS_BELOW ? value * 1000 : value);
    return ms <= INSTANT_MS_MAX ? ms : undefined;
  }
  if (!ISO.test(text)) return undefined;
  const parsed = Date.parse(ZONED.test(text) ? text : `${text}Z`);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** How far ahead of our clock a decision or an intent may be stamped (ms): two hosts' clocks are never quite equal. */
export const FUTURE_MAX_MS = 5000;
