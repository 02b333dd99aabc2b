import { expect, test } from "bun:test";
import { printable } from "../../../lib/operator/printable.ts";

test.each([
  ["plain text, ключ, 日本", "plain text, ключ, 日本"],
  ["two\nlines\tand a tab", "two\nlines\tand a tab"],
  ["\u001b[31mred\u001b[39m", "\u001b[31mred\u001b[39m"],
  ["\u001b[8mhidden", "\\x1b[8mhidden"],
  ["\u001b[2Jcleared", "\\x1b[2Jcleared"],
  ["\u001b]0;title\u0007", "\\x1b]0;title\\x07"],
  ["back\rwards\u009b31m", "back\\x0dwards\\x9b31m"],
])("%p is shown as %p", (text, shown) => {
  expect(printable(text)).toBe(shown);
});
