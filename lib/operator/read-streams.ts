import type { RedisCommands } from "../redis/connection.ts";
import { type GroupPosition, placeOf, unreadEntries } from "../redis/group-position.ts";
import { integerReply, listReply, type RedisReply, recordReply, textReply } from "../redis/reply.ts";
import type { StreamEntry } from "../redis/stream-entry.ts";

/** The newest entries of a stream, newest first; none when it does not exist. */
export async function newestEntries(
  redis: Pick<RedisCommands, "command">,
  stream: string,
  count: number,
): Promise<readonly StreamEntry[]> {
  return decode(await redis.command(["XREVRANGE", stream, "+", "-", "COUNT", String(count)]));
}

/** Entries after an id, oldest first. */
export async function entriesAfter(
  redis: Pick<RedisCommands, "command">,
  stream: string,
  after: { readonly id: string; readonly count: number },
): Promise<readonly StreamEntry[]> {
  return decode(await redis.command(["XRANGE", stream, `(${after.id}`, "+", "COUNT", String(after.count)]));
}

function decode(reply: Parameters<typeof listReply>[0]): readonly StreamEntry[] {
  return listReply(reply).map((item) => {
    const [id, fields] = listReply(item);
    return { id: textReply(id), fields: recordReply(fields) };
  });
}

export interface GroupReading {
  readonly stream: string;
  readonly group: string;
  readonly pending: number;
  /** Entries that wait to be read; null: nobody can tell. */
  readonly lag: number | null;
  readonly consumers: number;
}

/** Unread entries that are counted one by one; with more than a thousand the router refuses in any case. */
const COUNTED_MAX = 1001;

/** The groups of a stream; none when it does not exist. */
export async function readGroups(
  redis: Pick<RedisCommands, "command">,
  stream: string,
): Promise<readonly GroupReading[]> {
  if ((await redis.command(["TYPE", stream])) !== "stream") return [];
  const groups = listReply(await redis.command(["XINFO", "GROUPS", stream]));
  if (groups.length === 0) return [];
  const facts = factsOf(await redis.command(["XINFO", "STREAM", stream]));
  const first = facts("first-entry");
  const place = {
    length: integerReply(facts("length")),
    firstId: first === null ? undefined : textReply(listReply(first)[0]),
    lastGeneratedId: textReply(facts("last-generated-id")),
  };
  return Promise.all(
    groups.map(async (item) => {
      const at = factsOf(item);
      const lag = at("lag");
      const position = {
        ...{ ...place, lag: lag === null ? undefined : integerReply(lag) },
        lastDeliveredId: textReply(at("last-delivered-id")),
      };
      return {
        ...{ stream, group: textReply(at("name")) },
        pending: integerReply(at("pending")),
        lag: await unreadOf(redis, stream, position),
        consumers: integerReply(at("consumers")),
      };
    }),
  );
}

function factsOf(reply: RedisReply): (name: string) => RedisReply {
  const flat = listReply(reply);
  return (name) => flat[flat.indexOf(name) + 1] ?? null;
}

/** Counted where the lag may say too much. */
async function unreadOf(
  redis: Pick<RedisCommands, "command">,
  stream: string,
  position: GroupPosition,
): Promise<number | null> {
  const most = unreadEntries(position);
  if (placeOf(position) !== "within") return most ?? null;
  const range = ["XRANGE", stream, `(${position.lastDeliveredId}`, "+", "COUNT", String(COUNTED_MAX)];
  const counted = listReply(await redis.command(range)).length;
  return counted < COUNTED_MAX ? counted : (most ?? null);
}
