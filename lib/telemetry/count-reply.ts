import { listReply, type RedisReply, UnexpectedReplyError } from "../redis/reply.ts";

const DIGITS = /^\d{1,15}$/;

/** A counter as text; absent is 0. Throws UnexpectedReplyError on anything that does not count. */
export function countReply(reply: RedisReply | undefined): number {
  if (reply === null || reply === undefined) return 0;
  if (typeof reply === "string" && DIGITS.test(reply)) return Number(reply);
  throw new UnexpectedReplyError("a counter", reply);
}

/** The counters that HMGET was asked for, in the order of the fields; absent ones are 0. */
export function countsReply(reply: RedisReply): readonly number[] {
  return listReply(reply).map(countReply);
}
