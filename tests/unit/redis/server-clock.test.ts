import { expect, test } from "bun:test";
import fc from "fast-check";
import { createServerClock } from "../../../lib/redis/server-clock.ts";

test("the offset is unknown before the first sample", () => {
  expect(createServerClock().offsetMs()).toBeUndefined();
});

test("the estimate is never ahead of the server's clock while the clocks run alike", () => {
  const sample = fc.record({
    gap: fc.integer({ min: 1, max: 5000 }),
    out: fc.integer({ min: 0, max: 400 }),
    back: fc.integer({ min: 0, max: 400 }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), fc.array(sample, { minLength: 1 }), (offset, samples) => {
      const clock = createServerClock();
      let now = 0;
      for (const { gap, out, back } of samples) {
        const sentAt = now + gap;
        now = sentAt + out + back;
        clock.observe({ sentAt, receivedAt: now, serverMs: sentAt + out + offset });
        expect(clock.offsetMs()).toBeLessThanOrEqual(offset);
        expect(clock.offsetMs()).toBeGreaterThanOrEqual(offset - out - back);
      }
    }),
  );
});

test.each([
  ["back", -60_000],
  ["forward", 60_000],
])("a server clock that is stepped %s is followed at the next sample", (_direction, step) => {
  const clock = createServerClock();
  clock.observe({ sentAt: 0, receivedAt: 2, serverMs: 1_000_001 });
  clock.observe({ sentAt: 1000, receivedAt: 1002, serverMs: 1_001_001 + step });
  expect(clock.offsetMs()).toBe(999_999 + step);
});
