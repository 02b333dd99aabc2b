import { expect, test } from "bun:test";
import { decideResolution } from "../../../lib/execution/decide-resolution.ts";

const SIGNED = { signedAtMs: 10_000, recvWindowMs: 2000, skewMs: 1000 };

test.each([
  ["an order that has ended is established", { kind: "found", ended: true }, 10_001, "established"],
  ["an order that has not ended is asked about again", { kind: "found", ended: false }, 99_999, "ask_again"],
  ["a venue that does not answer establishes nothing, ever", { kind: "unreadable" }, 99_999, "ask_again"],
  ["'no such order' at once: the request may still arrive", { kind: "absent" }, 10_001, "ask_again"],
  ["'no such order' at the last possible arrival", { kind: "absent" }, 13_000, "ask_again"],
  [
    "'no such order' asked after the last possible arrival is believed",
    { kind: "absent" },
    13_001,
    "not_executed",
  ],
] as const)("%s", (_name, word, askedAtMs, expected) => {
  expect(decideResolution({ word, askedAtMs, ...SIGNED }).kind).toBe(expected);
});

test("the next question about an absent order comes right after its last possible arrival", () => {
  const resolution = decideResolution({ word: { kind: "absent" }, askedAtMs: 10_500, ...SIGNED });
  expect(resolution).toEqual({ kind: "ask_again", afterMs: 2501 });
});
