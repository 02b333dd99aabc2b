import type { RedisCommands } from "./connection.ts";
import { RedisReplyError } from "./redis-errors.ts";
import { listReply, type RedisArgument, type RedisReply, UnexpectedReplyError } from "./reply.ts";

/**
 * MULTI … EXEC on the shared connection: all of it or nothing. Safe among concurrent callers because the
 * commands are handed over in one synchronous run, which the connection never interleaves. Rejects as
 * `command` does; a refusal while queueing rejects with the refusal's own error (OOM), not with EXECABORT.
 */
export async function transaction(
  redis: RedisCommands,
  commands: readonly (readonly RedisArgument[])[],
): Promise<readonly RedisReply[]> {
  const sent = [["MULTI"], ...commands, ["EXEC"]].map((args) => redis.command(args));
  const settled = await Promise.allSettled(sent);
  for (const result of settled) if (result.status === "rejected") throw result.reason;
  const last = settled.at(-1);
  const replies = last?.status === "fulfilled" ? last.value : undefined;
  return listReply(replies).map((reply) => {
    // A command that failed inside EXEC is an error object in the list.
    if (reply instanceof Error) throw new RedisReplyError(reply.message, reply);
    if (reply === undefined) throw new UnexpectedReplyError("a reply a command", replies);
    return reply;
  });
}
