/**
 * What can be believed of how far a group is.
 *
 * Redis 7.0 restores a group's entries-read as of the last rewrite of its append-only file: after a restart the lag
 * counts for ever what was read since. So the lag is never too low, but may be too high. Ids are always true. Below 0 it
 * is where somebody said too much by XGROUP SETID … ENTRIESREAD: then it says nothing.
 *
 * 1. Unread is what the ids prove where they prove it, and never more than the stream holds.
 * 2. What the lag counts and the stream does not hold is told as such: trimmed unread, or counted by mistake.
 */
import { isBeforeId } from "./entry-order.ts";

/** Where a group stands in its stream, by XINFO. */
export interface GroupPosition {
  /** As Redis tells it; undefined where it cannot. */
  readonly lag: number | undefined;
  readonly lastDeliveredId: string;
  /** Entries in the stream. */
  readonly length: number;
  /** Of the oldest entry in the stream; undefined when it is empty. */
  readonly firstId: string | undefined;
  readonly lastGeneratedId: string;
}

/** The lag, where it can be believed as a bound. */
export function knownLag({ lag }: GroupPosition): number | undefined {
  return lag === undefined || lag < 0 ? undefined : lag;
}

/** `gap`: nothing that the group has read is in the stream any more, so what it has not read may be gone, too. */
export function placeOf(position: GroupPosition): "end" | "gap" | "within" {
  const { firstId, lastDeliveredId, lastGeneratedId } = position;
  if (!isBeforeId(lastDeliveredId, lastGeneratedId)) return "end";
  return firstId === undefined || isBeforeId(lastDeliveredId, firstId) ? "gap" : "within";
}

/** Entries that wait to be read: exact at the end and at a gap, at most so many within. Undefined: nobody knows. */
export function unreadEntries(position: GroupPosition): number | undefined {
  const place = placeOf(position);
  if (place === "end") return 0;
  if (place === "gap") return position.length;
  const lag = knownLag(position);
  return lag === undefined ? undefined : Math.min(lag, position.length);
}

/**
 * Entries that the lag counts and that are not there to be read. Undefined where the lag is, and within, where
 * nobody knows.
 */
export function absentEntries(position: GroupPosition): number | undefined {
  const lag = knownLag(position);
  if (lag === undefined) return undefined;
  switch (placeOf(position)) {
    case "end":
      return lag;
    case "gap":
      return Math.max(0, lag - position.length);
    case "within":
      return undefined;
  }
}
