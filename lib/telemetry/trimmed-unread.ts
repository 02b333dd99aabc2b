import { absentEntries, type GroupPosition, knownLag, placeOf } from "../redis/group-position.ts";

/** What is known of a group's losses. */
export interface TrimmedUnread {
  /** Entries that were trimmed before the group was given them; undefined where the lag is. */
  readonly lost: number | undefined;
  /** Entries that the lag counts by mistake; undefined until that can be told apart. */
  readonly miscounted: number | undefined;
}

/**
 * Follows what was trimmed unread. Only a restart of Redis makes a lag count what was read, so what the lag counts
 * too much after one, or at our own start, is a mistake of its; what comes to it later is a loss. At a gap it is taken
 * for a loss in any case. In between, what was known before stands. `counterKept` is false when Redis may have
 * restarted since `before`.
 */
export function trimmedUnread(
  position: GroupPosition,
  before: TrimmedUnread | undefined,
  counterKept: boolean,
): TrimmedUnread {
  const miscounted = counterKept ? before?.miscounted : undefined;
  const lag = knownLag(position);
  if (lag === undefined) return { lost: undefined, miscounted };
  const known = before?.lost ?? 0;
  const absent = absentEntries(position);
  if (absent === undefined) return { lost: Math.min(known, lag), miscounted };
  if (miscounted !== undefined) {
    return { lost: Math.max(0, absent - miscounted), miscounted: Math.min(miscounted, absent) };
  }
  const lost = placeOf(position) === "gap" ? absent : Math.min(known, absent);
  return { lost, miscounted: absent - lost };
}
