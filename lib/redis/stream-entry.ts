import { listReply, type RedisReply, recordReply, textReply } from "./reply.ts";

/** One entry of a stream. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Entries that a read returned, and the ids of those that were trimmed while they were pending. */
export interface StreamPage {
  readonly entries: readonly StreamEntry[];
  readonly lostIds: readonly string[];
}

const EMPTY_PAGE: StreamPage = { entries: [], lostIds: [] };

/** A list of `[id, fields]`; `[id, nil]` is an entry that was trimmed while pending. */
export function decodeEntries(reply: RedisReply | undefined): StreamPage {
  const entries: StreamEntry[] = [];
  const lostIds: string[] = [];
  for (const item of listReply(reply)) {
    // Redis 6.2 answers XAUTOCLAIM with a bare nil for a trimmed entry; 7.0 lists its id apart.
    if (item === null) continue;
    const [id, fields] = listReply(item);
    if (fields === null || fields === undefined) lostIds.push(textReply(id));
    else entries.push({ id: textReply(id), fields: recordReply(fields) });
  }
  return { entries, lostIds };
}

/** The reply of XREADGROUP on one stream; nil (nothing within BLOCK) is an empty page. */
export function decodeReadReply(reply: RedisReply): StreamPage {
  if (reply === null) return EMPTY_PAGE;
  const streams = listReply(reply);
  if (streams.length === 0) return EMPTY_PAGE;
  return decodeEntries(listReply(streams[0])[1]);
}

export interface ClaimedPage extends StreamPage {
  /** Where the next XAUTOCLAIM goes on; "0-0" is the end. */
  readonly cursor: string;
}

/** The reply of XAUTOCLAIM without JUSTID: next cursor, entries, ids that were trimmed while pending. */
export function decodeAutoClaimReply(reply: RedisReply): ClaimedPage {
  const [cursor, claimed, deleted] = listReply(reply);
  const page = decodeEntries(claimed);
  const deletedIds = deleted === undefined ? [] : listReply(deleted).map(textReply);
  return { cursor: textReply(cursor), entries: page.entries, lostIds: [...page.lostIds, ...deletedIds] };
}

/** The fields as the flat list that XADD takes. */
export function encodeFields(fields: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(fields).flat();
}
