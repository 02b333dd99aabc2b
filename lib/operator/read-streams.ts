import type { RedisCommands } from "../redis/connection.ts";
import { listReply, recordReply, textReply } from "../redis/reply.ts";
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
  /** null: Redis cannot tell. */
  readonly lag: number | null;
  readonly consumers: number;
}

/** The groups of a stream; none when it does not exist. */
export async function readGroups(
  redis: Pick<RedisCommands, "command">,
  stream: string,
): Promise<readonly GroupReading[]> {
  if ((await redis.command(["TYPE", stream])) !== "stream") return [];
  return listReply(await redis.command(["XINFO", "GROUPS", stream])).map((item) => {
    const flat = listReply(item);
    const at = (name: string) => flat[flat.indexOf(name) + 1] ?? null;
    const lag = at("lag");
    return {
      stream,
      group: textReply(at("name")),
      pending: Number(at("pending")),
      lag: lag === null ? null : Number(lag),
      consumers: Number(at("consumers")),
    };
  });
}
