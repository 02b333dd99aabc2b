import type { RedisCommands } from "./connection.ts";
import { RedisReplyError } from "./redis-errors.ts";
import { listReply } from "./reply.ts";
import { type ClaimedPage, decodeAutoClaimReply, decodeReadReply, type StreamPage } from "./stream-entry.ts";

/** A consumer of a group of a stream. */
export interface GroupMember {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
}

/**
 * Makes the group, from the beginning of the stream, and the stream with it. Resolves to whether it was
 * absent: for a group that was there before, that means the state was lost. Looks first: a server that is out
 * of memory refuses XGROUP CREATE also for a group that exists.
 */
export async function ensureGroup(
  redis: RedisCommands,
  member: Pick<GroupMember, "stream" | "group">,
): Promise<"created" | "existed"> {
  if (await groupExists(redis, member)) return "existed";
  try {
    await redis.command(["XGROUP", "CREATE", member.stream, member.group, "0", "MKSTREAM"]);
    return "created";
  } catch (error) {
    if (error instanceof RedisReplyError && error.code === "BUSYGROUP") return "existed";
    throw error;
  }
}

async function groupExists(
  redis: RedisCommands,
  { stream, group }: Pick<GroupMember, "stream" | "group">,
): Promise<boolean> {
  try {
    const groups = listReply(await redis.command(["XINFO", "GROUPS", stream]));
    return groups.map(listReply).some((info) => info[info.indexOf("name") + 1] === group);
  } catch (error) {
    if (error instanceof RedisReplyError && error.message.includes("no such key")) return false;
    throw error;
  }
}

/** The consumer's own pending entries after an id; "0" is the beginning. */
export async function readOwnPending(
  redis: RedisCommands,
  member: GroupMember,
  page: { readonly after: string; readonly count: number },
): Promise<StreamPage> {
  const { stream, group, consumer } = member;
  const who = ["GROUP", group, consumer, "COUNT", String(page.count)];
  return decodeReadReply(await redis.command(["XREADGROUP", ...who, "STREAMS", stream, page.after]));
}

/** Takes over a page of entries that have been pending, with whomever, for longer than `idleMs`. */
export async function claimStale(
  redis: RedisCommands,
  member: GroupMember,
  page: { readonly idleMs: number; readonly cursor: string; readonly count: number },
): Promise<ClaimedPage> {
  const { stream, group, consumer } = member;
  const claim = [String(page.idleMs), page.cursor, "COUNT", String(page.count)];
  return decodeAutoClaimReply(await redis.command(["XAUTOCLAIM", stream, group, consumer, ...claim]));
}

/** Acknowledges entries that no longer exist, so that they do not stay pending for ever. */
export async function acknowledgeLost(
  redis: RedisCommands,
  member: GroupMember,
  ids: readonly string[],
): Promise<void> {
  await redis.command(["XACK", member.stream, member.group, ...ids]);
}
