import { describe, expect, test } from "bun:test";
import { WatchdogWorld } from "../../../property/watchdog-world.ts";

const reasons = (world: WatchdogWorld) => world.panics.map(({ reason }) => reason);

function healthyWorld(): WatchdogWorld {
  const world = new WatchdogWorld();
  world.pass(5000);
  expect(world.state).toBe("HEALTHY");
  return world;
}

describe("Redis and exit brain both lost", () => {
  test("the brain's last beat, which Redis brings back, is no recovery: one panic", () => {
    const world = healthyWorld();
    world.redisUp = false;
    world.leaveUnreadBeat();
    world.brainAlive = false;
    world.pass(10_000);
    expect(world.state).toBe("PANIC_ISSUED");
    world.redisUp = true;
    world.pass(30_000);
    expect(reasons(world)).toEqual(["POSITIONS_UNGUARDED"]);
    expect(world.state).toBe("HALTED");
  });

  test("a watchdog that restarts afterwards panics no second time", () => {
    const world = healthyWorld();
    world.redisUp = false;
    world.leaveUnreadBeat();
    world.brainAlive = false;
    world.pass(10_000);
    world.restartWatchdog();
    world.redisUp = true;
    world.pass(60_000);
    world.restartWatchdog();
    world.pass(60_000);
    expect(reasons(world)).toEqual(["POSITIONS_UNGUARDED"]);
  });
});

describe("Redis lost while the exit brain is healthy", () => {
  test("is an alarm alone; when Redis returns a brain that needs 2.5 s for its next beat has them", () => {
    const world = healthyWorld();
    world.redisUp = false;
    world.pass(20_000);
    expect(world.state).toBe("REDIS_LOST");
    world.redisUp = true;
    world.brainAlive = false;
    world.pass(500);
    expect(world.state).toBe("SUSPECT");
    world.pass(2000);
    world.brainAlive = true;
    world.pass(5000);
    expect(world.state).toBe("HEALTHY");
    expect(reasons(world)).toEqual([]);
  });

  test("is a panic after REDIS_LOST_MAX_SEC with positions, and none without", () => {
    for (const venue of ["open", "flat"] as const) {
      const world = healthyWorld();
      world.venue = venue;
      world.pass(1000);
      world.redisUp = false;
      world.pass(65_000);
      expect(reasons(world)).toEqual(venue === "open" ? ["REDIS_LOST"] : []);
    }
  });
});

describe.each([
  { downMs: 2000, upMs: 2500 },
  { downMs: 4000, upMs: 2000 },
  { downMs: 2000, upMs: 500 },
])("a Redis that is away for $downMs ms and there for $upMs ms by turns", (flapping) => {
  test("hides a dead exit brain for 6 s, not for ever", () => {
    const world = healthyWorld();
    world.brainAlive = false;
    const diedMs = world.nowMs;
    world.flap(flapping, 60_000);
    expect(reasons(world)).toEqual(["POSITIONS_UNGUARDED"]);
    expect(Number(world.panics[0]?.atMs) - diedMs).toBeLessThanOrEqual(6100);
  });

  test("hides an exit brain that never came for twice its grace", () => {
    const world = new WatchdogWorld();
    world.brainAlive = false;
    world.flap(flapping, 60_000);
    expect(reasons(world)).toEqual(["POSITIONS_UNGUARDED"]);
    expect(Number(world.panics[0]?.atMs)).toBeLessThanOrEqual(20_100);
  });

  test("makes no panic of an exit brain that is well by its own word", () => {
    const world = healthyWorld();
    world.flap(flapping, 600_000);
    expect(reasons(world)).toEqual([]);
  });

  test("makes no panic of a dead one without positions, and 6 s after the first position", () => {
    const world = healthyWorld();
    world.venue = "flat";
    world.brainAlive = false;
    world.flap(flapping, 60_000);
    expect(reasons(world)).toEqual([]);
    world.venue = "open";
    world.flap(flapping, 60_000);
    expect(reasons(world)).toEqual(["POSITIONS_UNGUARDED"]);
  });
});

test("DEGRADED before and after a loss of Redis is not one spell", () => {
  const world = healthyWorld();
  world.status = "DEGRADED";
  world.pass(4000);
  world.redisUp = false;
  world.pass(4000);
  world.redisUp = true;
  world.pass(4000);
  expect(reasons(world)).toEqual([]);
  world.pass(2000);
  expect(reasons(world)).toEqual(["EXIT_BRAIN_DEGRADED_TOO_LONG"]);
});

test("after an operator's reset a brain that is still dead has its grace, then panics anew", () => {
  const world = healthyWorld();
  world.brainAlive = false;
  world.pass(20_000);
  expect(world.state).toBe("HALTED");
  world.clearHalt();
  world.pass(100);
  expect(world.state).toBe("BOOTSTRAP");
  world.pass(9800);
  expect(reasons(world)).toEqual(["POSITIONS_UNGUARDED"]);
  world.pass(300);
  expect(reasons(world)).toEqual(["POSITIONS_UNGUARDED", "POSITIONS_UNGUARDED"]);
});

test("a beat that lay in a Redis that was lost does not end BOOTSTRAP", () => {
  const world = healthyWorld();
  world.brainAlive = false;
  world.pass(20_000);
  world.clearHalt();
  world.pass(100);
  world.redisUp = false;
  world.leaveUnreadBeat();
  world.pass(2000);
  world.redisUp = true;
  world.pass(300);
  expect(world.state).toBe("BOOTSTRAP");
});

test("HALTED with positions left: the brain came back and fails again, which is a new panic", () => {
  const world = healthyWorld();
  world.brainAlive = false;
  world.pass(10_000);
  world.restartBrain(false);
  world.pass(10_000);
  expect(world.state).toBe("HALTED");
  world.brainAlive = false;
  world.pass(10_000);
  expect(reasons(world)).toEqual(["POSITIONS_UNGUARDED", "POSITIONS_UNGUARDED"]);
});

test("heartbeats that flow without a decision for 30 s are a panic with positions, and none without", () => {
  for (const venue of ["open", "flat"] as const) {
    const world = healthyWorld();
    world.venue = venue;
    world.decides = false;
    // The last decision was up to a second ago.
    world.pass(29_000);
    expect(reasons(world)).toEqual([]);
    world.pass(1500);
    expect(reasons(world)).toEqual(venue === "open" ? ["EXIT_BRAIN_DECISION_STAGNANT"] : []);
  }
});

test("an announced restart within a second is no panic, also many of them", () => {
  const world = healthyWorld();
  for (let at = 0; at < 10; at += 1) {
    world.restartBrain(true);
    world.pass(3000);
  }
  expect(reasons(world)).toEqual([]);
});

test("a crash loop with gaps under 3 s is found", () => {
  const world = healthyWorld();
  for (let at = 0; at < 3; at += 1) {
    world.restartBrain(false);
    world.pass(2500);
  }
  expect(reasons(world)).toEqual(["EXIT_BRAIN_CRASH_LOOP"]);
});

test("a watchdog that was stopped for a minute drains what Redis holds before it judges", () => {
  const world = healthyWorld();
  world.stalled = true;
  world.pass(60_000);
  world.stalled = false;
  world.pass(10_000);
  expect(reasons(world)).toEqual([]);
});

describe("a machine that starts before its network", () => {
  test("a brain that beats as soon as it could read positions is no panic", () => {
    const world = new WatchdogWorld();
    world.venue = "silent";
    world.brainAlive = false;
    world.pass(30_000);
    expect(world.state).toBe("VENUE_LOST");
    world.venue = "open";
    world.pass(2500);
    world.brainAlive = true;
    world.pass(5000);
    expect(world.state).toBe("HEALTHY");
    expect(reasons(world)).toEqual([]);
  });

  test("a venue that comes and goes holds the panic of a dead brain once, not for ever", () => {
    const world = healthyWorld();
    world.venue = "silent";
    world.brainAlive = false;
    world.pass(10_000);
    for (let at = 0; at < 5; at += 1) {
      world.venue = "open";
      world.pass(1500);
      world.venue = "silent";
      world.pass(5000);
    }
    expect(reasons(world)).toEqual(["POSITIONS_UNGUARDED"]);
  });
});
