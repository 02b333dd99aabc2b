import { expect, test } from "bun:test";
import { releaseStartMemory } from "../../../lib/daemon/start-memory.ts";

/** A sleep that lasts until it is told to end, or the signal aborts. */
function heldSleep() {
  const slept: number[] = [];
  const { promise: over, resolve: wake } = Promise.withResolvers<void>();
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    slept.push(ms);
    signal?.addEventListener("abort", () => wake());
    return over;
  };
  return { slept, wake, clock: { sleep } };
}

test("memory of the start is given back once, two seconds after it was asked for", async () => {
  const { slept, wake, clock } = heldSleep();
  let releases = 0;
  const release = () => {
    releases += 1;
  };
  const released = releaseStartMemory({ clock, release }, new AbortController().signal);
  expect(slept).toEqual([2000]);
  expect(releases).toBe(0);
  wake();
  await released;
  expect(releases).toBe(1);
});

test("a daemon that stops before does not pause for it", async () => {
  const { clock } = heldSleep();
  const stop = new AbortController();
  let releases = 0;
  const release = () => {
    releases += 1;
  };
  const released = releaseStartMemory({ clock, release }, stop.signal);
  stop.abort();
  await released;
  expect(releases).toBe(0);
});
