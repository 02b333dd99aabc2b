import { expect, test } from "bun:test";
import { createInFlight } from "../../../lib/redis/in-flight.ts";

function inFlightAt(times: number[]) {
  return createInFlight({ monotonicMs: () => times.shift() ?? 0 });
}

test("an observation knows what is in flight and what settled since it began, not what settled before", () => {
  const inFlight = inFlightAt([]);
  inFlight.add(["before"]);
  inFlight.remove(["before"]);
  inFlight.add(["during"]);
  const seen = inFlight.observe();
  inFlight.remove(["during"]);
  inFlight.add(["now"]);
  expect(["before", "during", "now"].map(seen.knows)).toEqual([false, true, true]);
  seen.end();
});

test("handing out an id twice is a broken invariant", () => {
  const inFlight = inFlightAt([]);
  inFlight.add(["1-0"]);
  expect(() => inFlight.add(["1-0"])).toThrow("in flight already");
});

test("the age is that of the oldest entry, and 0 without any", () => {
  const inFlight = inFlightAt([100, 150, 400, 400]);
  expect(inFlight.oldestAgeMs()).toBe(0);
  inFlight.add(["a"]);
  inFlight.add(["b"]);
  expect(inFlight.oldestAgeMs()).toBe(300);
  inFlight.remove(["a"]);
  expect(inFlight.oldestAgeMs()).toBe(250);
});
