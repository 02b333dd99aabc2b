import { expect, test } from "bun:test";
import { createReplyCounter } from "../../../scripts/bench/drive/reply-counter.ts";

const STREAM = Buffer.from(
  "+OK\r\n:12\r\n$5\r\na\r\nbc\r\n$-1\r\n*2\r\n$2\r\nOK\r\n*2\r\n:1\r\n$0\r\n\r\n*-1\r\n*0\r\n+QUEUED\r\n",
);
const REPLIES = 8;

test.each([1, 2, 3, 7, 1000])("every reply is counted once when the stream comes in pieces of %d", (size) => {
  const counter = createReplyCounter();
  let count = 0;
  for (let at = 0; at < STREAM.length; at += size) count += counter.take(STREAM.subarray(at, at + size));
  expect(count).toBe(REPLIES);
});

test("an error reply throws with the server's words, also inside a list", () => {
  expect(() => createReplyCounter().take(Buffer.from("-WRONGTYPE no\r\n"))).toThrow("-WRONGTYPE no");
  expect(() => createReplyCounter().take(Buffer.from("*1\r\n-ERR inner\r\n"))).toThrow("-ERR inner");
});
