import { expect, test } from "bun:test";
import { WatchClock } from "../../../../lib/emergency/watchdog/watch-clock.ts";

function clockAt(startMs: number) {
  let monotonicMs = startMs;
  const clock = new WatchClock(() => monotonicMs);
  /** Time passes in looks of 50 ms, with an answer of Redis at every second one unless it is silent. */
  const run = (ms: number, redis: "answers" | "silent" = "answers") => {
    for (let passed = 0; passed < ms; passed += 50) {
      monotonicMs += 50;
      clock.nowMs();
      if (redis === "answers" && passed % 100 === 50) clock.redisReplied();
    }
  };
  const stall = (ms: number) => {
    monotonicMs += ms;
  };
  return { clock, run, stall };
}

test("while the process runs and Redis answers both clocks run as the monotonic one does", () => {
  const { clock, run } = clockAt(123_456);
  run(60_000);
  expect(clock.nowMs()).toBe(60_000);
  expect(clock.watchedMs()).toBe(60_000);
});

test("a stall of the process counts half a second on either clock", () => {
  const { clock, run, stall } = clockAt(0);
  run(10_000);
  stall(30_000);
  expect(clock.nowMs()).toBe(10_500);
  expect(clock.watchedMs()).toBe(10_500);
  expect(clock.redisSilentMs()).toBe(500);
  expect(clock.redisReplied()).toBe(false);
});

test("a silence of Redis counts half a second on the clock of beats, in full on ours", () => {
  const { clock, run } = clockAt(0);
  run(10_000);
  run(1000, "silent");
  expect(clock.nowMs()).toBe(11_000);
  expect(clock.watchedMs()).toBe(10_500);
  expect(clock.redisReplied()).toBe(false);
  run(1000);
  expect(clock.watchedMs()).toBe(11_500);
});

test("Redis was lost when it had been silent for more than 1.5 s", () => {
  const { clock, run } = clockAt(0);
  expect(clock.hears()).toBe(false);
  run(1000);
  expect(clock.hears()).toBe(true);
  run(1500, "silent");
  expect(clock.hears()).toBe(true);
  run(50, "silent");
  expect(clock.hears()).toBe(false);
  expect(clock.redisReplied()).toBe(true);
  expect(clock.hears()).toBe(true);
});
