import { GROUPS } from "../../contract/groups.ts";
import type { Keys } from "../../contract/keys.ts";
import type { RedisCommands } from "../../redis/connection.ts";
import { NO_ENTRY, newestEntryId } from "../../redis/newest-entry-id.ts";
import { isRedisOutage, RedisReplyError } from "../../redis/redis-errors.ts";
import { listReply } from "../../redis/reply.ts";
import type { PanicBook } from "./panic-book.ts";

/** Panics older than this when the worker first makes its group were called before it was installed. */
const BEFORE_INSTALL_MS = 60_000;

/**
 * Writes down, once and before the group is made, which panics are older than the worker's installation. A group
 * that was there without us knowing (the state folder is new) leaves nothing to refuse. Rejects on outages.
 */
export async function rememberInstallation(redis: RedisCommands, keys: Keys, book: PanicBook): Promise<void> {
  if (book.memory.installedBeforeRedisMs !== undefined) return;
  const existed = await groupExists(redis, keys);
  const before_redis_ms = existed ? 0 : redis.serverNowMs() - BEFORE_INSTALL_MS;
  const through = existed ? NO_ENTRY : await newestPanic(redis, keys);
  await book.write({ type: "installed", before_redis_ms, through });
}

/** What comes after it is new, whatever the server's clock says then or said now. */
async function newestPanic(redis: RedisCommands, keys: Keys): Promise<string> {
  try {
    return await newestEntryId(redis, keys.panicStream);
  } catch (error) {
    // A key of the wrong type holds no panics.
    if (error instanceof RedisReplyError && error.code === "WRONGTYPE") return NO_ENTRY;
    throw error;
  }
}

async function groupExists(redis: RedisCommands, keys: Keys): Promise<boolean> {
  try {
    const groups = listReply(await redis.command(["XINFO", "GROUPS", keys.panicStream]));
    // Not as a record: a group's lag can be nil.
    return groups.some((group) => listReply(group)[1] === GROUPS.emergencyExitWorker);
  } catch (error) {
    // "no such key" is the first installation; a key of the wrong type is the consumer's to complain of.
    if (error instanceof RedisReplyError && !isRedisOutage(error)) return false;
    throw error;
  }
}
