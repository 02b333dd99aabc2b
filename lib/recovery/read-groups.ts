import type { RedisCommands } from "../redis/connection.ts";
import { absentEntries, type GroupPosition, knownLag, placeOf } from "../redis/group-position.ts";
import { RedisReplyError } from "../redis/redis-errors.ts";
import { integerReply, listReply, type RedisReply, textReply } from "../redis/reply.ts";

/** A group as XINFO GROUPS tells it. */
export interface GroupInfo {
  readonly name: string;
  readonly pending: number;
  /** undefined where Redis itself does not know: an entry that nobody read was deleted. */
  readonly lag: number | undefined;
  readonly lastDeliveredId: string;
}

export interface ConsumerInfo {
  readonly name: string;
  readonly pending: number;
  readonly idleMs: number;
}

/** One entry of the pending list. */
export interface PendingEntry {
  readonly id: string;
  readonly idleMs: number;
}

/** Names and values of one item of an XINFO reply. */
function fieldsOf(reply: RedisReply): ReadonlyMap<string, RedisReply | undefined> {
  const flat = listReply(reply);
  const fields = new Map<string, RedisReply | undefined>();
  for (let at = 0; at + 1 < flat.length; at += 2) fields.set(textReply(flat[at]), flat[at + 1]);
  return fields;
}

/** The groups of a stream; none where there is no stream. Rejects with WRONGTYPE where it is something else. */
export async function readGroups(redis: RedisCommands, stream: string): Promise<readonly GroupInfo[]> {
  try {
    const reply = listReply(await redis.command(["XINFO", "GROUPS", stream]));
    return reply.map(fieldsOf).map((fields) => {
      const lag = fields.get("lag");
      return {
        name: textReply(fields.get("name")),
        pending: integerReply(fields.get("pending")),
        lag: lag === null || lag === undefined ? undefined : integerReply(lag),
        lastDeliveredId: textReply(fields.get("last-delivered-id")),
      };
    });
  } catch (error) {
    if (error instanceof RedisReplyError && error.message.includes("no such key")) return [];
    throw error;
  }
}

/** The consumers of a group. */
export async function readConsumers(
  redis: RedisCommands,
  stream: string,
  group: string,
): Promise<readonly ConsumerInfo[]> {
  const reply = listReply(await redis.command(["XINFO", "CONSUMERS", stream, group]));
  return reply.map(fieldsOf).map((fields) => ({
    name: textReply(fields.get("name")),
    pending: integerReply(fields.get("pending")),
    idleMs: integerReply(fields.get("idle")),
  }));
}

/**
 * A page of a consumer's pending list after an id ("-" from the beginning). Without Redis' own IDLE filter: that
 * one walks over everything that is not idle in one go, and Redis waits meanwhile.
 */
export async function readPending(
  redis: RedisCommands,
  from: { readonly stream: string; readonly group: string; readonly consumer: string },
  page: { readonly after: string; readonly count: number },
): Promise<readonly PendingEntry[]> {
  const start = page.after === "-" ? "-" : `(${page.after}`;
  const range = [start, "+", String(page.count), from.consumer];
  const reply = listReply(await redis.command(["XPENDING", from.stream, from.group, ...range]));
  return reply.map(listReply).map(([id, , idleMs]) => ({ id: textReply(id), idleMs: integerReply(idleMs) }));
}

/** A group's place in its stream; undefined where there is no stream. */
export async function readPosition(
  redis: RedisCommands,
  stream: string,
  { lag, lastDeliveredId }: GroupInfo,
): Promise<GroupPosition | undefined> {
  if (integerReply(await redis.command(["EXISTS", stream])) === 0) return undefined;
  const facts = fieldsOf(await redis.command(["XINFO", "STREAM", stream]));
  const first = facts.get("first-entry");
  return {
    ...{ lag, lastDeliveredId, length: integerReply(facts.get("length")) },
    firstId: first === null || first === undefined ? undefined : textReply(listReply(first)[0]),
    lastGeneratedId: textReply(facts.get("last-generated-id")),
  };
}

/** Unread entries that are counted one by one; more would keep Redis busy for a look. */
const COUNTED_MAX = 500;

/**
 * Entries that went before the group was given them. Told while the group stands at the gap that they left; once it
 * has read on, the lag still counts them, but what it counts too much may as well come of a restart of Redis:
 * `unknown`, and the exporter's to say, which has watched it happen.
 */
export async function trimmedUnread(
  redis: RedisCommands,
  stream: string,
  position: GroupPosition,
): Promise<number | "unknown"> {
  const lag = knownLag(position);
  // Nothing was unread when the group was looked at; entries may have come before the look at the stream.
  if (lag === 0) return 0;
  const known = absentEntries(position);
  if (placeOf(position) === "gap") return known ?? "unknown";
  if (known !== undefined || lag === undefined) return known === 0 ? 0 : "unknown";
  if (lag > COUNTED_MAX) return "unknown";
  const unread = await redis.command([
    "XRANGE",
    stream,
    `(${position.lastDeliveredId}`,
    "+",
    "COUNT",
    String(lag),
  ]);
  return listReply(unread).length < lag ? "unknown" : 0;
}

/** The fields of an entry; undefined when the stream does not have it any more. */
export async function readEntry(
  redis: RedisCommands,
  stream: string,
  id: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const [entry] = listReply(await redis.command(["XRANGE", stream, id, id]));
  if (entry === undefined) return undefined;
  const flat = listReply(listReply(entry)[1]).map(textReply);
  return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""]] : [])));
}
