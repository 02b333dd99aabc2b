import { expect, test } from "bun:test";
import { moveWatch, WATCH_MOVES, WATCH_STATES } from "../../../../lib/emergency/watchdog/watch-states.ts";

test("every state of the table is listed, and every move leads to one of them", () => {
  expect(Object.keys(WATCH_MOVES)).toEqual([...WATCH_STATES]);
  for (const moves of Object.values(WATCH_MOVES)) {
    for (const next of Object.values(moves)) expect(WATCH_STATES).toContain(next);
  }
});

test("the way of a panic cannot be left but by its end", () => {
  expect(moveWatch("PANIC_PENDING", "accepted")).toEqual({ kind: "moved", state: "PANIC_ISSUED" });
  expect(moveWatch("PANIC_ISSUED", "halted")).toEqual({ kind: "moved", state: "HALTED" });
  expect(moveWatch("HALTED", "reset")).toEqual({ kind: "moved", state: "BOOTSTRAP" });
  for (const event of ["fine", "suspicion", "redisSilent", "venueSilent", "starting"] as const) {
    for (const state of ["PANIC_PENDING", "PANIC_ISSUED", "HALTED"] as const) {
      expect(moveWatch(state, event)).toEqual({ kind: "illegal", state, event });
    }
  }
});

test("only a panic can be reset, and nothing calls a panic twice while one is pending", () => {
  expect(moveWatch("PANIC_PENDING", "failure").kind).toBe("illegal");
  for (const state of ["HEALTHY", "VENUE_LOST", "PANIC_PENDING"] as const) {
    expect(moveWatch(state, "reset").kind).toBe("illegal");
  }
});
