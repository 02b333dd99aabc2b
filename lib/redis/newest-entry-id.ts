import type { RedisCommands } from "./connection.ts";
import { decodeEntries } from "./stream-entry.ts";

/** Comes before every entry's id. */
export const NO_ENTRY = "0-0";

/** The id of a stream's newest entry; NO_ENTRY of an empty or absent one. */
export async function newestEntryId(redis: Pick<RedisCommands, "command">, stream: string): Promise<string> {
  const newest = await redis.command(["XREVRANGE", stream, "+", "-", "COUNT", "1"]);
  return decodeEntries(newest).entries[0]?.id ?? NO_ENTRY;
}
