import { isBeforeId } from "./entry-order.ts";

/** Where a group stands in its stream. */
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

/**
 * Entries that were trimmed before the group was given them. The group's lag goes on counting them, so it is the
 * lag less what is still there to be read. That is known exactly while the group stands before the first entry
 * or at the end of the stream; in between, what was known before stands. Undefined where the lag is.
 */
export function trimmedUnread(position: GroupPosition, before: number): number | undefined {
  const { lag, length, firstId, lastDeliveredId, lastGeneratedId } = position;
  if (lag === undefined) return undefined;
  if (firstId === undefined || !isBeforeId(lastDeliveredId, lastGeneratedId)) return lag;
  const atLeast = Math.max(0, lag - length);
  if (isBeforeId(lastDeliveredId, firstId)) return atLeast;
  return Math.max(atLeast, Math.min(before, lag));
}
