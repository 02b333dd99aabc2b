import { describe, expect, test } from "bun:test";
import { unseenBrain, withAgesAnew } from "../../../../lib/emergency/watchdog/brain-view.ts";
import { decideFinding } from "../../../../lib/emergency/watchdog/decide-finding.ts";
import type { WatchInput } from "../../../../lib/emergency/watchdog/decide-watch.ts";
import { beat, brainAfter, brainSaying, FLAT, OPEN, UNKNOWN, watching } from "./watching.ts";

const found = (nowMs: number, changes: Partial<WatchInput> = {}) => {
  const finding = decideFinding(watching(nowMs, changes));
  return finding.kind === "failed" ? finding.reason : finding.kind;
};
const lastBeatAt0 = brainAfter([0, beat(1)]);

describe("by heartbeats, every limit is exceeded strictly", () => {
  test.each([
    ["POSITIONS_UNGUARDED: positions open", OPEN, [3000, "suspicion"], [3001, "POSITIONS_UNGUARDED"]],
    ["POSITIONS_UNGUARDED: positions not known", UNKNOWN, [3000, "suspicion"], [3001, "POSITIONS_UNGUARDED"]],
    ["EXIT_BRAIN_HEARTBEAT_LOST: flat", FLAT, [5000, "suspicion"], [5001, "EXIT_BRAIN_HEARTBEAT_LOST"]],
    ["unguarded is tested before missing", OPEN, [1500, "fine"], [5001, "POSITIONS_UNGUARDED"]],
    ["a beat that is late is a suspicion", FLAT, [1500, "fine"], [1501, "suspicion"]],
  ] as const)("%s", (_, positions, [quietMs, quiet], [loudMs, loud]) => {
    expect(found(quietMs, { brain: lastBeatAt0, positions })).toBe(quiet);
    expect(found(loudMs, { brain: lastBeatAt0, positions })).toBe(loud);
  });

  test.each([OPEN, FLAT, UNKNOWN])(
    "EXIT_BRAIN_DEGRADED_TOO_LONG after 5 s without a break, positions %p",
    (positions) => {
      const degraded = { positions, brain: brainSaying("DEGRADED", 5000) };
      expect(found(5000, degraded)).toBe("suspicion");
      expect(found(5001, degraded)).toBe("EXIT_BRAIN_DEGRADED_TOO_LONG");
    },
  );

  test("an ALIVE beat breaks a DEGRADED spell, a STOPPING one does not", () => {
    const broken = brainAfter(
      [0, beat(1, { status: "DEGRADED" })],
      [4000, beat(2)],
      [5000, beat(3, { status: "DEGRADED" })],
      [9900, beat(4, { status: "DEGRADED" })],
    );
    expect(found(9950, { brain: broken })).toBe("suspicion");
    const stopping = brainAfter(
      [0, beat(1, { status: "DEGRADED" })],
      [3000, beat(2, { status: "STOPPING" })],
      [4900, beat(1, { instanceId: "b", status: "DEGRADED" })],
    );
    expect(found(5001, { brain: stopping })).toBe("EXIT_BRAIN_DEGRADED_TOO_LONG");
  });

  test("EXIT_BRAIN_DECISION_STAGNANT after 30 s without a change of the decision's time, with positions", () => {
    const stuck = brainSaying("ALIVE", 30_000, { lastDecisionTs: 7 });
    expect(found(30_000, { brain: stuck })).toBe("fine");
    expect(found(30_001, { brain: stuck })).toBe("EXIT_BRAIN_DECISION_STAGNANT");
    expect(found(30_001, { brain: stuck, positions: UNKNOWN })).toBe("EXIT_BRAIN_DECISION_STAGNANT");
    expect(found(30_001, { brain: stuck, positions: FLAT })).toBe("fine");
  });

  test("a position that was just opened has its own 30 s for a decision", () => {
    const stuck = brainSaying("ALIVE", 60_000, { lastDecisionTs: 7 });
    expect(found(60_000, { brain: stuck, positions: { ...OPEN, sinceMs: 30_000 } })).toBe("fine");
    expect(found(60_001, { brain: stuck, positions: { ...OPEN, sinceMs: 30_000 } })).toBe(
      "EXIT_BRAIN_DECISION_STAGNANT",
    );
  });

  test("EXIT_BRAIN_CRASH_LOOP at the third unannounced instance within 60 s, each gap under 3 s", () => {
    const crashing = (lastMs: number) =>
      brainAfter(
        [0, beat(9)],
        [2000, beat(1, { instanceId: "b" })],
        [4000, beat(1, { instanceId: "c" })],
        [lastMs, beat(1, { instanceId: "d" })],
      );
    expect(found(6000, { brain: crashing(6000) })).toBe("EXIT_BRAIN_CRASH_LOOP");
    expect(found(62_001, { brain: crashing(62_001), positions: FLAT })).toBe("fine");
  });

  test("announced restarts are no crash loop", () => {
    const steps = ["b", "c", "d", "e"].flatMap((instanceId, at) => [
      [
        at * 2000,
        beat(50, { instanceId: at === 0 ? "a" : String.fromCharCode(97 + at), status: "STOPPING" }),
      ] as const,
      [at * 2000 + 800, beat(1, { instanceId })] as const,
    ]);
    expect(found(6800, { brain: brainAfter(...steps) })).toBe("fine");
  });
});

describe("before any heartbeat was received", () => {
  test.each([
    ["without positions nothing happens for 30 s", FLAT, 30_000, "EXIT_BRAIN_HEARTBEAT_LOST"],
    ["with positions the grace is 10 s", OPEN, 10_000, "POSITIONS_UNGUARDED"],
    ["with positions not known it is 10 s", UNKNOWN, 10_000, "POSITIONS_UNGUARDED"],
  ] as const)("%s", (_, positions, graceMs, reason) => {
    const unseen = { brain: unseenBrain(0, undefined), positions };
    expect(found(graceMs, unseen)).toBe("starting");
    expect(found(graceMs + 1, unseen)).toBe(reason);
  });

  test("a beat that lay in the stream at the start is no sign of life", () => {
    const brain = unseenBrain(0, beat(1));
    expect(found(10_000, { brain })).toBe("starting");
    expect(found(10_001, { brain })).toBe("POSITIONS_UNGUARDED");
  });
});

describe("while Redis is lost", () => {
  const lost = (silentMs: number, changes: Partial<WatchInput> = {}) => ({
    ...{ redisSilentMs: silentMs, brain: brainSaying("ALIVE", 100_000), ...changes },
  });

  test("a spike of a second is not a loss", () => {
    expect(found(100_000, lost(1500))).toBe("fine");
    expect(found(100_000, lost(1501))).toBe("redisSilent");
  });

  test("no healthy answer for 3 s with positions is POSITIONS_UNGUARDED", () => {
    // Lost 1.5 s after the last answer, unhealthy 3 s later.
    expect(found(100_000, lost(4500))).toBe("redisSilent");
    expect(found(100_000, lost(4501))).toBe("POSITIONS_UNGUARDED");
    expect(found(100_000, lost(30_000, { healthyAtMs: 97_000 }))).toBe("redisSilent");
    expect(found(100_000, lost(30_000, { healthyAtMs: 96_999 }))).toBe("POSITIONS_UNGUARDED");
    expect(found(100_000, lost(30_000, { healthyAtMs: 90_000, positions: FLAT }))).toBe("redisSilent");
  });

  test("REDIS_LOST beyond its limit with positions, however healthy the brain is", () => {
    expect(found(100_000, lost(60_000, { healthyAtMs: 99_900 }))).toBe("redisSilent");
    expect(found(100_000, lost(60_001, { healthyAtMs: 99_900 }))).toBe("REDIS_LOST");
    expect(found(100_000, lost(60_001, { healthyAtMs: 99_900, positions: FLAT }))).toBe("redisSilent");
  });

  test("without any sign of the brain for 6 s it is unguarded, whatever Redis did meanwhile", () => {
    const anew = { brain: withAgesAnew(brainSaying("ALIVE", 97_000), 99_000), guardedAtMs: 94_000 };
    expect(found(100_000, anew)).toBe("suspicion");
    expect(found(100_001, anew)).toBe("POSITIONS_UNGUARDED");
    expect(found(100_001, { ...anew, healthyAtMs: 94_001 })).toBe("suspicion");
    expect(found(100_001, { ...anew, redisSilentMs: 1501 })).toBe("POSITIONS_UNGUARDED");
  });

  test("a machine that starts without Redis gives the brain 10 s", () => {
    const starting = { brain: unseenBrain(0, undefined) };
    expect(found(10_000, lost(10_000, starting))).toBe("redisSilent");
    expect(found(10_001, lost(10_001, starting))).toBe("POSITIONS_UNGUARDED");
  });

  test("when Redis returns all ages start anew, and a beat is waited for", () => {
    const anew = withAgesAnew(brainSaying("DEGRADED", 90_000), 100_000);
    expect(found(102_999, { brain: anew })).toBe("suspicion");
    expect(found(103_001, { brain: anew })).toBe("POSITIONS_UNGUARDED");
  });
});

test("a healthy answer of before Redis went is no reason to panic at once: the wait begins when it is lost", () => {
  const lost = { brain: brainSaying("ALIVE", 10_000), healthyAtMs: 1000 };
  expect(found(12_000, { ...lost, redisSilentMs: 2000, guardedAtMs: 10_000 })).toBe("redisSilent");
  expect(found(14_500, { ...lost, redisSilentMs: 4500, guardedAtMs: 10_000 })).toBe("redisSilent");
  expect(found(14_501, { ...lost, redisSilentMs: 4501, guardedAtMs: 10_000 })).toBe("POSITIONS_UNGUARDED");
});
