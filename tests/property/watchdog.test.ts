import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WatchdogWorld } from "./watchdog-world.ts";

const RUNS = 120;
const STEPS_MAX = 25;

/** What may happen around a watchdog, in any order. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: 1, max: 240 }).map((ticks) => ({ kind: "pass", ms: ticks * 50 }) as const),
  },
  fc
    .constantFrom("flat", "open", "refuses", "limits", "silent")
    .map((venue) => ({ kind: "venue", venue }) as const),
  fc.constant({ kind: "restart-watchdog" } as const),
  fc.boolean().map((takes) => ({ kind: "worker", takes }) as const),
  fc.constant({ kind: "clear-halt" } as const),
);
const fault = fc.oneof(
  { weight: 3, arbitrary: happening },
  fc.boolean().map((alive) => ({ kind: "brain", alive }) as const),
  fc.boolean().map((healthy) => ({ kind: "health", healthy }) as const),
  fc.boolean().map((announced) => ({ kind: "restart-brain", announced }) as const),
  fc.constantFrom("ALIVE", "DEGRADED").map((status) => ({ kind: "status", status }) as const),
  fc.boolean().map((decides) => ({ kind: "decides", decides }) as const),
  fc.boolean().map((up) => ({ kind: "redis", up }) as const),
  fc.boolean().map((stalled) => ({ kind: "stall", stalled }) as const),
);
type Happening = typeof fault extends fc.Arbitrary<infer T> ? T : never;

function happen(world: WatchdogWorld, step: Happening): void {
  switch (step.kind) {
    case "pass":
      world.pass(step.ms);
      return;
    case "venue":
      world.venue = step.venue;
      return;
    case "restart-watchdog":
      world.restartWatchdog();
      return;
    case "worker":
      world.workerTakes = step.takes;
      return;
    case "clear-halt":
      world.clearHalt();
      return;
    case "brain":
      world.brainAlive = step.alive;
      return;
    case "health":
      world.brainHealthy = step.healthy;
      return;
    case "restart-brain":
      world.restartBrain(step.announced);
      return;
    case "status":
      world.status = step.status;
      return;
    case "decides":
      world.decides = step.decides;
      return;
    case "redis":
      world.redisUp = step.up;
      return;
    case "stall":
      world.stalled = step.stalled;
  }
}

describe("under any order of events", () => {
  test("one panic a failure: every panic but the first follows a recovery or an operator's reset", () => {
    fc.assert(
      fc.property(fc.array(fault, { maxLength: STEPS_MAX }), (steps) => {
        const world = new WatchdogWorld();
        for (const step of steps) happen(world, step);
        world.stalled = false;
        world.pass(20_000);
        expect(world.panics.filter(({ mayFollow }) => !mayFollow)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test("no panic while a brain beats ALIVE and decides, whatever venue, worker, operator and restarts do", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: STEPS_MAX }), (steps) => {
        const world = new WatchdogWorld();
        for (const step of steps) happen(world, step);
        expect(world.panics).toEqual([]);
        expect(world.halts).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  test("nor for spikes of Redis or stalls of the watchdog, of a second each and a second apart", () => {
    const spike = fc.constantFrom("redis", "stall");
    fc.assert(
      fc.property(
        fc.array(spike, { minLength: 5, maxLength: 30 }),
        fc.integer({ min: 0, max: 19 }),
        (spikes, phase) => {
          const world = new WatchdogWorld();
          world.pass(1000 + phase * 50);
          for (const kind of spikes) {
            if (kind === "redis") world.redisUp = false;
            else world.stalled = true;
            world.pass(1000);
            world.redisUp = true;
            world.stalled = false;
            world.pass(1000);
          }
          expect(world.panics).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  });

  test("nor for DEGRADED spells that stay under 5 s", () => {
    const spells = fc.array(fc.integer({ min: 1, max: 78 }), { minLength: 3, maxLength: 10 });
    fc.assert(
      fc.property(spells, (lengths) => {
        const world = new WatchdogWorld();
        world.pass(3000);
        for (const ticks of lengths) {
          world.status = "DEGRADED";
          world.pass(ticks * 50);
          world.status = "ALIVE";
          world.pass(1000);
        }
        expect(world.panics).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

const phase = fc.integer({ min: 0, max: 400 });

describe("detection", () => {
  test.each([
    ["open", 3000, "POSITIONS_UNGUARDED"],
    ["refuses", 3000, "POSITIONS_UNGUARDED"],
    ["limits", 3000, "POSITIONS_UNGUARDED"],
    ["flat", 5000, "EXIT_BRAIN_HEARTBEAT_LOST"],
  ] as const)("a dead brain, venue %s: after %d ms and at most 300 ms more", (venue, limitMs, reason) => {
    fc.assert(
      fc.property(phase, (ticks) => {
        const world = new WatchdogWorld();
        world.venue = venue;
        world.pass(5000 + ticks * 50);
        world.brainAlive = false;
        world.pass(6000);
        expect(world.panics).toEqual([{ reason, atMs: expect.any(Number), mayFollow: true }]);
        const tookMs = (world.panics[0]?.atMs ?? 0) - world.lastBeatMs;
        expect(tookMs).toBeGreaterThan(limitMs);
        expect(tookMs).toBeLessThanOrEqual(limitMs + 300);
      }),
      { numRuns: RUNS },
    );
  });

  test("a dead brain behind a lost Redis: within 3.3 s of its last healthy answer, or of the loss", () => {
    fc.assert(
      fc.property(phase, (ticks) => {
        const world = new WatchdogWorld();
        world.pass(5000);
        world.redisUp = false;
        world.pass(ticks * 50);
        const diedMs = world.nowMs;
        world.brainAlive = false;
        world.pass(6000);
        expect(world.panics.length).toBe(1);
        // 1.5 s until Redis counts as lost, then 3 s without an answer.
        expect((world.panics[0]?.atMs ?? 0) - diedMs).toBeLessThanOrEqual(4800);
      }),
      { numRuns: RUNS },
    );
  });

  test("a brain that dies while the venue is away: entries halted in time, the panic after the venue's return", () => {
    fc.assert(
      fc.property(phase, fc.integer({ min: 0, max: 100 }), (ticks, awayTicks) => {
        const world = new WatchdogWorld();
        world.pass(5000);
        world.venue = "silent";
        world.pass(4000 + ticks * 50);
        world.brainAlive = false;
        world.pass(4000 + awayTicks * 50);
        expect(world.panics).toEqual([]);
        expect(world.halts.map((atMs) => atMs - world.lastBeatMs <= 3300)).toEqual([true]);
        const backMs = world.nowMs;
        world.venue = "open";
        world.pass(6000);
        // A read a second, then the 3 s that a brain started meanwhile needs.
        expect(world.panics.map(({ atMs }) => atMs - backMs <= 4300)).toEqual([true]);
      }),
      { numRuns: RUNS },
    );
  });

  test("a venue that stays away holds it for 8 s, and the panic is one", () => {
    fc.assert(
      fc.property(phase, (ticks) => {
        const world = new WatchdogWorld();
        world.pass(5000);
        world.venue = "silent";
        world.pass(4000 + ticks * 50);
        world.brainAlive = false;
        world.pass(60_000);
        const tookMs = (world.panics[0]?.atMs ?? 0) - world.lastBeatMs;
        expect(tookMs).toBeGreaterThan(11_000);
        expect(tookMs).toBeLessThanOrEqual(11_400);
        world.venue = "open";
        world.pass(10_000);
        expect(world.panics).toHaveLength(1);
      }),
      { numRuns: RUNS },
    );
  });
});

test("a brain that is DEGRADED under the venue's limit: entries halted, and no panic if both read again", () => {
  fc.assert(
    fc.property(phase, fc.integer({ min: 0, max: 200 }), (ticks, limitedTicks) => {
      const world = new WatchdogWorld();
      world.pass(5000 + ticks * 50);
      world.venue = "limits";
      world.status = "DEGRADED";
      world.pass(7000 + limitedTicks * 500);
      expect(world.halts).toHaveLength(1);
      world.venue = "open";
      world.pass(2000);
      world.status = "ALIVE";
      world.pass(10_000);
      expect(world.panics).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
