import { listReply, type RedisReply, textReply } from "../redis/reply.ts";

/** Names and values of an XINFO reply; undefined where there is no such stream. Throws UnexpectedReplyError. */
export function streamFacts(
  reply: RedisReply | undefined,
): ReadonlyMap<string, RedisReply | undefined> | undefined {
  if (reply === undefined) return undefined;
  const flat = listReply(reply);
  const facts = new Map<string, RedisReply | undefined>();
  for (let at = 0; at + 1 < flat.length; at += 2) facts.set(textReply(flat[at]), flat[at + 1]);
  return facts;
}
