import { expect, test } from "bun:test";
import { UnexpectedReplyError } from "../../../lib/redis/reply.ts";
import { decodeAutoClaimReply, decodeReadReply, encodeFields } from "../../../lib/redis/stream-entry.ts";

test("entries that were trimmed while pending are lost ids, in a page with others", () => {
  const page = decodeReadReply([
    [
      "s",
      [
        ["1-0", ["a", "1"]],
        ["2-0", null],
        ["3-0", ["b", "2", "c", "3"]],
      ],
    ],
  ]);
  expect(page.entries).toEqual([
    { id: "1-0", fields: { a: "1" } },
    { id: "3-0", fields: { b: "2", c: "3" } },
  ]);
  expect(page.lostIds).toEqual(["2-0"]);
  expect(page.lastId).toBe("3-0");
});

test("nothing within BLOCK is an empty page", () => {
  expect(decodeReadReply(null)).toEqual({ entries: [], lostIds: [], lastId: undefined });
});

test("a claim lists what was deleted apart, and 6.2's bare nil is skipped", () => {
  const page = decodeAutoClaimReply(["5-0", [["4-0", ["a", "1"]], null], ["2-0", "3-0"]]);
  expect(page.cursor).toBe("5-0");
  expect(page.entries.map((entry) => entry.id)).toEqual(["4-0"]);
  expect(page.lostIds).toEqual(["2-0", "3-0"]);
});

test.each([
  ["a number", 5],
  ["text", "OK"],
  ["an entry with an odd number of fields", [["s", [["1-0", ["a"]]]]]],
])("a reply of another shape is a broken invariant: %s", (_what, reply) => {
  expect(() => decodeReadReply(reply)).toThrow(UnexpectedReplyError);
});

test("encoded fields decode to themselves", () => {
  const fields = { data: '{"a":1}', empty: "", ключ: "é" };
  const page = decodeReadReply([["s", [["1-0", encodeFields(fields)]]]]);
  expect(page.entries[0]?.fields).toEqual(fields);
});

test("no field is lost: __proto__ is a name like any other, and what comes twice is kept beside the last", () => {
  const flat = ["__proto__", "1", "a", "1", "a", "2", "a", "3", "a#1", "4", "__proto__", "2"];
  const [entry] = decodeReadReply([["s", [["1-0", flat]]]]).entries;
  expect(Object.entries(entry?.fields ?? {})).toEqual([
    ["__proto__", "2"],
    ["a", "3"],
    ["a#1", "4"],
    ["a#2", "2"],
    ["a#1#1", "1"],
    ["__proto__#1", "1"],
  ]);
  expect(Object.getPrototypeOf(entry?.fields)).toBe(Object.prototype);
});
