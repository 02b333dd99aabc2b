import { expect, test } from "bun:test";
import { createPageSize } from "../../../lib/redis/page-size.ts";
import { RedisOutcomeUnknownError, RedisReplyError } from "../../../lib/redis/redis-errors.ts";

test("pages shrink from the second loss on, to one entry, until everything was read", () => {
  const size = createPageSize(128);
  const lost = new RedisOutcomeUnknownError("REDIS_CONNECTION_LOST", "gone");
  const sizes: number[] = [];
  for (let losses = 0; losses < 7; losses += 1) {
    sizes.push(size.now());
    size.failed(new RedisReplyError("OOM"));
    size.failed(lost);
  }
  expect(sizes).toEqual([128, 128, 32, 8, 2, 1, 1]);
  size.passed();
  expect(size.now()).toBe(128);
});
