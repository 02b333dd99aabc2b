import { expect, test } from "bun:test";
import type { Latch } from "../../../../lib/emergency/watchdog/latch.ts";
import { Watch } from "../../../../lib/emergency/watchdog/watch.ts";
import { WatchClock } from "../../../../lib/emergency/watchdog/watch-clock.ts";
import { keptLog } from "../../../support/quiet-log.ts";
import { latchOf, OPEN } from "./watching.ts";

/** A watch that begins with this latch, and what it did. */
function watchWith(latch: Latch) {
  const did: string[] = [];
  const watch = new Watch(
    {
      watchClock: new WatchClock(() => 0),
      clock: { nowMs: () => 1, sleep: async () => undefined },
      log: keptLog(),
      positions: { view: () => OPEN, venue: () => ({ silentMs: 0, answeringMs: 1e6, limited: false }) },
      health: { healthyAtMs: () => undefined },
      halt: { view: () => "cleared" },
      caller: {
        call: () => void did.push("call"),
        withdraw: () => void did.push("withdraw the call"),
        progress: () => ({ accepted: false, published: false }),
      },
      entryHalt: { request: () => undefined, withdraw: () => void did.push("withdraw the halt") },
      store: { save: async () => undefined },
      redisLostMsMax: 60_000,
      newEventId: () => crypto.randomUUID(),
      ...{ changed: () => undefined, called: () => undefined, progress: () => undefined },
    },
    latch,
  );
  return { watch, did };
}

test.each([
  [{ stage: "pending", published: false }, ["call"]],
  [{ stage: "issued", published: true }, ["call"]],
  [{ stage: "halted", published: false }, ["call"]],
  [{ stage: "halted", published: true }, []],
] as const)("a process that finds the latch %p goes on with %p", (latch, expected) => {
  expect(watchWith(latchOf(latch)).did).toEqual([...expected]);
});

test("an operator's reset leaves nothing behind that could halt again", () => {
  const { watch, did } = watchWith(latchOf({ stage: "halted", published: true }));
  watch.step();
  expect(watch.latch).toBeUndefined();
  expect(did).toEqual(["withdraw the call", "withdraw the halt"]);
});
