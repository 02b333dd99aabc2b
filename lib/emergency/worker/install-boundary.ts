import { GROUPS } from "../../contract/groups.ts";
import type { Keys } from "../../contract/keys.ts";
import type { RedisCommands } from "../../redis/connection.ts";
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
  await book.write({ type: "installed", before_redis_ms });
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
