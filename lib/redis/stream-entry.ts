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
  /** The last id of either kind; undefined on an empty page. */
  readonly lastId: string | undefined;
}

const EMPTY_PAGE: StreamPage = { entries: [], lostIds: [], lastId: undefined };

/** A list of `[id, fields]` (XRANGE, XREVRANGE); `[id, nil]` is an entry that was trimmed while pending. */
export function decodeEntries(reply: RedisReply | undefined): StreamPage {
  const entries: StreamEntry[] = [];
  const lostIds: string[] = [];
  let lastId: string | undefined;
  for (const item of listReply(reply)) {
    // Redis 6.2 answers XAUTOCLAIM with a bare nil for a trimmed entry; 7.0 lists its id apart.
    if (item === null) continue;
    const [rawId, fields] = listReply(item);
    const id = textReply(rawId);
    lastId = id;
    if (fields === null || fields === undefined) lostIds.push(id);
    else entries.push({ id, fields: recordReply(fields) });
  }
  return { entries, lostIds, lastId };
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
  return { ...page, cursor: textReply(cursor), lostIds: [...page.lostIds, ...deletedIds] };
}

/** The fields as the flat list that XADD takes. */
export function encodeFields(fields: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(fields).flat();
}
