import { expect, test } from "bun:test";
import { createVenueClock } from "../../../lib/exchange/venue-clock.ts";

/** A local clock whose wall and monotonic time the test moves. */
function localClock() {
  const time = { wallMs: 1_000_000, monoMs: 0 };
  const clock = { nowMs: () => time.wallMs, monotonicMs: () => time.monoMs };
  const pass = (ms: number) => {
    time.wallMs += ms;
    time.monoMs += ms;
  };
  return { time, clock, pass };
}

test("before a sample it says the local time and that it may be far off", () => {
  const { clock } = localClock();
  const venue = createVenueClock(clock);
  expect([venue.nowMs(), venue.skewMs()]).toEqual([1_000_000, 60_000]);
});

test("a sample sets the venue's time at the middle of the round trip, with half of it as error", () => {
  const { clock, time, pass } = localClock();
  const venue = createVenueClock(clock);
  pass(20);
  const sample = venue.observe({ serverMs: 1_005_010, askedAtMs: 0, receivedAtMs: 20 });
  expect(sample).toEqual({ offsetMs: 5001, errorMs: 11 });
  expect(venue.nowMs()).toBe(1_005_020);
  expect(venue.skewMs()).toBe(11);
  pass(1000);
  expect(venue.nowMs()).toBe(1_006_020);
  expect(time.monoMs).toBe(1020);
});

test("a step of the local wall clock changes nothing", () => {
  const { clock, time } = localClock();
  const venue = createVenueClock(clock);
  venue.observe({ serverMs: 1_000_000, askedAtMs: 0, receivedAtMs: 0 });
  time.wallMs -= 3_600_000;
  expect(venue.nowMs()).toBe(1_000_000);
});

test("the error grows with the age of the sample", () => {
  const { clock, pass } = localClock();
  const venue = createVenueClock(clock);
  venue.observe({ serverMs: 1_000_000, askedAtMs: 0, receivedAtMs: 0 });
  pass(30_000);
  expect(venue.skewMs()).toBe(7);
});

test("a precise sample is kept when a slow one agrees with it", () => {
  const { clock, time } = localClock();
  const venue = createVenueClock(clock);
  venue.observe({ serverMs: 1_000_001, askedAtMs: 0, receivedAtMs: 2 });
  time.monoMs = 1000;
  venue.observe({ serverMs: 1_000_700, askedAtMs: 200, receivedAtMs: 1000 });
  expect(venue.nowMs()).toBe(1_001_000);
});

test("a sample that contradicts the one before wins: the venue's clock has stepped", () => {
  const { clock, time } = localClock();
  const venue = createVenueClock(clock);
  venue.observe({ serverMs: 1_000_001, askedAtMs: 0, receivedAtMs: 2 });
  time.monoMs = 1000;
  venue.observe({ serverMs: 1_060_000, askedAtMs: 900, receivedAtMs: 1000 });
  expect(venue.nowMs()).toBe(1_060_050);
});
