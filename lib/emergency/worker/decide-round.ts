/**
 * What a panic does next, from what it has just read.
 *
 * 1. Flat is believed only of a reading that began after everything that was in flight when the halt came
 *    into force, or when a close was sent, has arrived or expired, and that no fill is too young to be in.
 * 2. In that reading conditional orders were read first, then plain ones, then positions: what moved on
 *    meanwhile (triggered, filled) is seen in a later one. None may be left that could open a position.
 * 3. A reading that failed is never a sign of being flat.
 */
import { POSITION_LAG_MS_MAX } from "../../exchange/position-lag.ts";

export interface RoundFacts {
  /** From the start of the round until a reading of positions shows all that may come; 0 or less: this one does. */
  readonly settledInMs: number;
  /** undefined: the orders were not read in this round, or reading failed. */
  readonly openingOrders: number | undefined;
  /** undefined: reading failed. */
  readonly openPositions: number | undefined;
  /** Closing orders sent in this round. */
  readonly sent: number;
  /** Requests of this round that failed or are in doubt. */
  readonly troubles: number;
}

export type RoundDecision =
  | { readonly kind: "flat" }
  /** Positions read zero: read all again, from orders on, once everything has settled. */
  | { readonly kind: "verify"; readonly inMs: number }
  /** Something is open or not known: again, at once or after a pause that grows. */
  | { readonly kind: "again"; readonly pause: boolean };

/** Pure. */
export function decideRound(facts: RoundFacts): RoundDecision {
  const { openPositions, openingOrders, settledInMs, troubles } = facts;
  if (openPositions === undefined) return { kind: "again", pause: true };
  if (openPositions > 0) return { kind: "again", pause: troubles > 0 || facts.sent === 0 };
  if (openingOrders === 0 && settledInMs <= 0 && troubles === 0) return { kind: "flat" };
  if (troubles > 0) return { kind: "again", pause: true };
  return { kind: "verify", inMs: Math.max(0, settledInMs) };
}

/**
 * How long until everything that may be under way has arrived or expired, and a list of positions names what it opened,
 * ms; 0 or less: so it is. An entry may have been signed just before the halt, a close of ours may be in doubt: what
 * that one does to a position opens none, so that no list need show it.
 */
export function settledInMs(input: {
  /** Since the halt came into force, by a clock that does not step. */
  readonly haltAgeMs: number;
  readonly recvWindowMs: number;
  readonly skewMs: number;
  readonly venueNowMs: number;
  /** Orders of this panic whose fate is not established. */
  readonly inDoubt: readonly { readonly signedVenueMs: number; readonly recvWindowMs: number }[];
}): number {
  const { skewMs } = input;
  const entriesMs = input.recvWindowMs + skewMs - input.haltAgeMs;
  const closesMs = input.inDoubt.map(
    (order) => order.signedVenueMs + order.recvWindowMs + skewMs - input.venueNowMs,
  );
  return Math.max(entriesMs + POSITION_LAG_MS_MAX, ...closesMs);
}
