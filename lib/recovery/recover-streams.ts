import { type StreamRetention, streamRetentions } from "../contract/groups.ts";
import type { Keys } from "../contract/keys.ts";
import { trimStream } from "../kernel/trim-stream.ts";
import { isRedisOutage, RedisReplyError } from "../redis/redis-errors.ts";
import { integerReply } from "../redis/reply.ts";
import { readGroups } from "./read-groups.ts";
import { type RecoveryParts, recoverGroup } from "./recover-group.ts";
import { recoveredGroups } from "./recovered-groups.ts";
import type { GroupReport, RecoveryReport, StreamReport } from "./report.ts";

/**
 * One run over all streams: groups first, so that what they still need is known, then retention. A stream that is no
 * stream, or that this account may not touch, is a problem of its own and keeps nothing else from being done; so is a
 * group that cannot be made for want of memory, which the trims give back. Rejects when Redis as such is out of
 * service.
 */
export async function recoverStreams(parts: RecoveryParts, mode: string): Promise<RecoveryReport> {
  const groups: GroupReport[] = [];
  const streams: StreamReport[] = [];
  const problems: string[] = [];
  let keptOut = false;
  const attempt = async (stream: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof RedisReplyError)) throw error;
      if (isRedisOutage(error) && error.code !== "OOM") throw error;
      keptOut ||= error.code === "NOPERM";
      problems.push(`${stream}: ${error.message}`);
    }
  };
  for (const group of recoveredGroups(parts.keys)) {
    await attempt(group.stream, async () => void groups.push(await recoverGroup(parts, group)));
  }
  // What is kept for ever is not this role's business: it need not even be allowed to see it.
  const limited = retentions(parts.keys, parts).filter(({ entriesKept }) => entriesKept !== undefined);
  for (const retention of limited) {
    await attempt(retention.stream, async () => void streams.push(await keepRetention(parts, retention)));
  }
  return {
    mode,
    dryRun: !parts.mayChange,
    refusedInLive: !parts.mayMove,
    groups,
    streams,
    problems,
    keptOut,
  };
}

/** The contract's, and the result streams where they have other names. */
function retentions(keys: Keys, { streams }: RecoveryParts): readonly StreamRetention[] {
  const known = streamRetentions(keys);
  const results = known.find(({ stream }) => stream === keys.resultStream);
  const named = [streams.canonical, streams.legacy].filter(
    (stream) => stream !== undefined && stream !== keys.resultStream,
  );
  const more = named.flatMap((stream) =>
    stream === undefined || results === undefined ? [] : [{ ...results, stream }],
  );
  return [...known, ...more];
}

async function keepRetention(parts: RecoveryParts, retention: StreamRetention): Promise<StreamReport> {
  const { stream, entriesKept, groups, optionalGroups } = retention;
  const expected = new Set([...groups, ...optionalGroups]);
  const found = await readGroups(parts.redis, stream);
  const strangers = found.map(({ name }) => name).filter((name) => !expected.has(name));
  const beyond = async () => {
    const length = integerReply(await parts.redis.command(["XLEN", stream]));
    return Math.max(0, length - (entriesKept ?? length));
  };
  const trimmed = parts.mayChange ? await trimStream(parts.redis, retention) : await beyond();
  return { stream, trimmed, strangers };
}
