import { expect, test } from "bun:test";
import {
  afterPositionsRead,
  mayBeLeft,
  unreadPositions,
} from "../../../../lib/emergency/watchdog/positions-view.ts";

test("a failed read is never flat, and keeps what was known", () => {
  const unread = unreadPositions(10);
  expect(afterPositionsRead(unread, undefined, 20)).toEqual({
    kind: "unknown",
    lastCount: undefined,
    sinceMs: 10,
  });
  const open = afterPositionsRead(unread, 3, 30);
  expect(open).toEqual({ kind: "open", count: 3, sinceMs: 10 });
  expect(afterPositionsRead(open, undefined, 40)).toEqual({ kind: "unknown", lastCount: 3, sinceMs: 10 });
  const flat = afterPositionsRead(open, 0, 50);
  expect(flat).toEqual({ kind: "flat" });
  expect(afterPositionsRead(flat, undefined, 60)).toEqual({ kind: "unknown", lastCount: 0, sinceMs: 60 });
});

test("positions may be left of what was open or never read, not of what was flat", () => {
  expect(mayBeLeft(unreadPositions(0))).toBe(true);
  expect(mayBeLeft({ kind: "unknown", lastCount: 2, sinceMs: 0 })).toBe(true);
  expect(mayBeLeft({ kind: "open", count: 1, sinceMs: 0 })).toBe(true);
  expect(mayBeLeft({ kind: "unknown", lastCount: 0, sinceMs: 0 })).toBe(false);
  expect(mayBeLeft({ kind: "flat" })).toBe(false);
});
