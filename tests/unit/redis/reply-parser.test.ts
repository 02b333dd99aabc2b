import { describe, expect, test } from "bun:test";
import { Decoder } from "@redis/client/dist/lib/RESP/decoder.js";
import fc from "fast-check";
import { RedisReplyError } from "../../../lib/redis/redis-errors.ts";
import { createReplyParser, ProtocolError } from "../../../lib/redis/reply-parser.ts";

/** A reply as it is written, with nothing of the parser's. */
type Tree =
  | string
  | number
  | null
  | { readonly error: string }
  | { readonly status: string }
  | readonly Tree[];

function encode(tree: Tree): string {
  if (tree === null) return "$-1\r\n";
  if (typeof tree === "number") return `:${tree}\r\n`;
  if (typeof tree === "string") return `$${Buffer.byteLength(tree)}\r\n${tree}\r\n`;
  if ("error" in tree) return `-${tree.error}\r\n`;
  if ("status" in tree) return `+${tree.status}\r\n`;
  return `*${tree.length}\r\n${tree.map(encode).join("")}`;
}

/** Errors by their words, so that two parsers' can be compared. */
const plain = (reply: unknown): unknown =>
  reply instanceof Error
    ? { error: reply.message }
    : Array.isArray(reply)
      ? reply.map((one) => plain(one))
      : reply;

/** The bytes in pieces that end at these fractions of them. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => Math.floor(cut * bytes.length)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end));
}

const word = fc.stringMatching(/^[A-Z]{1,12}( [a-z ]{0,20})?$/);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: "binary" }),
    // Theirs is inexact in the last digits of larger ones.
    fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
    fc.constant(null),
    word.map((error) => ({ error })),
    word.map((status) => ({ status })),
    fc.array(tie("tree"), { maxLength: 6 }),
  ),
}));
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

describe("the parser of replies", () => {
  test("reads, wherever the bytes are cut, what node-redis' parser reads", () => {
    fc.assert(
      fc.property(fc.array(tree, { minLength: 1, maxLength: 5 }), cuts, (trees, at) => {
        const bytes = Buffer.from(trees.map(encode).join(""));
        const theirs: unknown[] = [];
        const decoder = new Decoder({
          onReply: (reply: unknown) => theirs.push(plain(reply)),
          onErrorReply: (error) => theirs.push(plain(error)),
          onPush: () => undefined,
          getTypeMapping: () => ({}),
        });
        decoder.write(bytes);
        const ours: unknown[] = [];
        const parser = createReplyParser((reply) => ours.push(plain(reply)));
        for (const piece of pieces(bytes, at)) if (piece.length > 0) parser.push(piece);
        expect(ours).toEqual(theirs);
        expect(ours).toHaveLength(trees.length);
      }),
      { numRuns: 1000 },
    );
  });

  test("hands out a reply with its last byte, not before", () => {
    const bytes = Buffer.from(encode([["a", null], 7, "text"]));
    let replies = 0;
    const parser = createReplyParser(() => {
      replies += 1;
    });
    for (const byte of bytes.subarray(0, -1)) parser.push(Buffer.from([byte]));
    expect(replies).toBe(0);
    parser.push(bytes.subarray(-1));
    expect(replies).toBe(1);
  });

  test("keeps an error within a list in its place, as the error it is", () => {
    const replies: unknown[] = [];
    createReplyParser((reply) => replies.push(reply)).push(
      Buffer.from(encode(["OK", { error: "WRONGTYPE no" }])),
    );
    expect(replies).toEqual([["OK", expect.any(RedisReplyError)]]);
  });

  test.each([
    ["another protocol", "HTTP/1.1 200 OK\r\n"],
    ["a type of RESP3", "%1\r\n"],
    ["a length that is none", "$x\r\n"],
    ["a length beyond every reply", "$9999999999\r\n"],
    ["a list longer than any", "*99999999\r\n"],
    ["lists without an end", "*1\r\n".repeat(40)],
    ["a string that ends elsewhere", "$3\r\nabcde"],
    ["a line without an end", `+${"x".repeat(70_000)}`],
  ])("gives up at %s", (_what, text) => {
    expect(() => createReplyParser(() => undefined).push(Buffer.from(text))).toThrow(ProtocolError);
  });

  test.each([
    ["9007199254740993", 2 ** 53],
    ["9223372036854775807", 2 ** 63],
    ["-9223372036854775808", -(2 ** 63)],
  ])("rounds a counter of %s, and goes on", (digits, rounded) => {
    const replies: unknown[] = [];
    createReplyParser((reply) => replies.push(reply)).push(Buffer.from(`:${digits}\r\n:1\r\n`));
    expect(replies).toEqual([rounded, 1]);
  });

  test("a large string in many pieces is put together once", () => {
    const text = "x".repeat(8 * 1024 * 1024);
    const bytes = Buffer.from(encode([text]));
    let got: unknown;
    const parser = createReplyParser((reply) => {
      got = reply;
    });
    for (let at = 0; at < bytes.length; at += 65_536) parser.push(bytes.subarray(at, at + 65_536));
    expect(got).toEqual([text]);
  });
});
