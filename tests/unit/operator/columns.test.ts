import { expect, test } from "bun:test";
import { columns, spanText } from "../../../lib/operator/columns.ts";

test("columns are as wide as their widest cell, the last one is not padded", () => {
  expect(columns([["a", "b"], ["long", "c", "d"], ["e"]])).toEqual(["a     b", "long  c  d", "e"]);
});

test.each([
  [-5, "0 s"],
  [119_000, "119 s"],
  [120_000, "2 min"],
  [7_200_000, "2 h"],
  [172_800_000, "2 d"],
])("%d ms is %s", (ms, text) => {
  expect(spanText(ms)).toBe(text);
});
