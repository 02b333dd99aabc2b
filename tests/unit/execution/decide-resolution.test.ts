import { expect, test } from "bun:test";
import { decideResolution } from "../../../lib/execution/decide-resolution.ts";

const SIGNED = { kind: "entry", asked: 0, signedAtMs: 10_000, recvWindowMs: 2000, skewMs: 1000 } as const;

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

test.each([
  ["entry", [250, 500, 1000, 2000, 4000, 5000, 5000]],
  ["exit", [250, 500, 1000, 1000, 1000, 1000, 1000]],
] as const)("an %s that cannot be asked about is asked about less and less often", (kind, waits) => {
  const word = { kind: "unreadable" } as const;
  const after = (asked: number) => decideResolution({ ...SIGNED, kind, word, asked, askedAtMs: 10_001 });
  expect(waits.map((_, asked) => after(asked))).toEqual(
    waits.map((afterMs) => ({ kind: "ask_again", afterMs })),
  );
  expect(after(100_000)).toEqual({ kind: "ask_again", afterMs: waits[6] });
});
