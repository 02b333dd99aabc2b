import { createHash } from "node:crypto";

/** More orders than this for one position of one panic: something keeps filling it. */
const N_MAX = 99_999;

/**
 * The client id of a closing order: the same panic, position and number always give the same one, so that
 * after a crash it can be asked for. At most 34 characters of what the venue takes. `n` counts from 1.
 */
export function closeOrderId(of: {
  readonly eventId: string;
  readonly symbol: string;
  readonly positionSide: string;
  readonly n: number;
}): string {
  if (!Number.isInteger(of.n) || of.n < 1 || of.n > N_MAX) throw new RangeError(`n ${of.n} is out of bounds`);
  const text = `${of.eventId} ${of.symbol} ${of.positionSide}`;
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  return `panic-${of.eventId.slice(0, 8)}-${hash}-${of.n}`;
}
