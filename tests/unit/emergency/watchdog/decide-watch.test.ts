import { describe, expect, test } from "bun:test";
import { afterFoundBeat, unseenBrain, withAgesAnew } from "../../../../lib/emergency/watchdog/brain-view.ts";
import { decideWatch, type WatchInput } from "../../../../lib/emergency/watchdog/decide-watch.ts";
import { beat, brainAfter, brainSaying, FLAT, latchOf, OPEN, UNKNOWN, watching } from "./watching.ts";

const decide = (nowMs: number, changes: Partial<WatchInput> = {}) => {
  const { state, actions } = decideWatch(watching(nowMs, changes));
  return { state, actions };
};
const deadSince0 = brainAfter([0, beat(5)]);
const unguarded = { kind: "call-panic", reason: "POSITIONS_UNGUARDED" } as const;

describe("without a latch", () => {
  test.each([
    ["a fresh beat", {}, "HEALTHY"],
    ["a late beat", { brain: brainAfter([98_000, beat(1)]) }, "SUSPECT"],
    ["a DEGRADED beat", { brain: brainAfter([99_900, beat(1, { status: "DEGRADED" })]) }, "SUSPECT"],
    ["a STOPPING beat", { brain: brainAfter([99_900, beat(1, { status: "STOPPING" })]) }, "SUSPECT"],
    ["Redis silent", { redisSilentMs: 1501 }, "REDIS_LOST"],
  ] as const)("%s leads to its state and to no action", (_, changes, state) => {
    for (const from of ["BOOTSTRAP", "HEALTHY", "SUSPECT", "REDIS_LOST", "VENUE_LOST"] as const) {
      expect(decide(100_000, { ...changes, state: from })).toEqual({ state, actions: [] });
    }
  });

  test("a failure calls the panic in the same step", () => {
    expect(decide(3001, { brain: deadSince0 })).toEqual({ state: "PANIC_PENDING", actions: [unguarded] });
  });

  test("a move that the table does not know is a broken invariant", () => {
    expect(() => decide(1000, { state: "HALTED" })).toThrow("cannot take");
  });
});

const SILENT = {
  positions: UNKNOWN,
  venue: { silentMs: 3001, answeringMs: 90_000, backMs: 0, limited: false },
} as const;

describe("while the venue is silent", () => {
  test("a due panic is held and entries are halted, once", () => {
    const halt = { kind: "halt-entries", reason: "POSITIONS_UNGUARDED" } as const;
    expect(decide(3001, { ...SILENT, brain: deadSince0 })).toEqual({ state: "VENUE_LOST", actions: [halt] });
    const later = { ...SILENT, brain: deadSince0, state: "VENUE_LOST" } as const;
    expect(decide(4000, later)).toEqual({ state: "VENUE_LOST", actions: [] });
  });

  test("it is held for 8 s at most: the worker may reach the venue", () => {
    const held = { ...SILENT, brain: deadSince0, state: "VENUE_LOST" } as const;
    expect(decide(11_000, { ...held, heldMs: 8000 }).actions).toEqual([]);
    expect(decide(11_050, { ...held, heldMs: 8001 })).toEqual({
      state: "PANIC_PENDING",
      actions: [unguarded],
    });
    const again = latchOf({ stage: "halted", recovered: true });
    const halted = { ...held, state: "HALTED", halt: "panic", latch: again } as const;
    expect(decide(11_000, { ...halted, heldMs: 8000 }).actions).toEqual([]);
    expect(decide(11_050, { ...halted, heldMs: 8001 }).actions).toEqual([unguarded]);
  });

  test("a brain that beats and suffers from the venue itself is waited for until the venue answers", () => {
    const brain = brainSaying("DEGRADED", 60_000);
    const suffers = { ...SILENT, brain, state: "VENUE_LOST", heldMs: 600_000 } as const;
    expect(decide(60_100, suffers)).toEqual({ state: "VENUE_LOST", actions: [] });
    const unseen = { ...suffers, brain: unseenBrain(0, undefined) };
    expect(decide(60_100, unseen)).toEqual({ state: "VENUE_LOST", actions: [] });
  });

  test.each([
    ["a brain that does not beat", 3000, deadSince0, "POSITIONS_UNGUARDED"],
    ["a DEGRADED brain that beats", 5000, brainSaying("DEGRADED", 60_000), "EXIT_BRAIN_DEGRADED_TOO_LONG"],
  ] as const)(
    "at its return %s has the contract's limit anew, %d ms, before the panic",
    (_, limitMs, brain, reason) => {
      const back = (backMs: number) =>
        decide(60_100, {
          ...{ positions: OPEN, state: "VENUE_LOST", brain },
          venue: { silentMs: 10, answeringMs: 10, backMs, limited: false },
        });
      expect(back(limitMs - 1)).toEqual({ state: "VENUE_LOST", actions: [] });
      expect(back(limitMs)).toEqual({ state: "PANIC_PENDING", actions: [{ kind: "call-panic", reason }] });
      expect(decide(60_100, { state: "VENUE_LOST", positions: OPEN })).toEqual({
        state: "HEALTHY",
        actions: [],
      });
    },
  );

  test("a venue that has just returned holds a panic that falls due, also when nothing was held before", () => {
    const justBack = {
      positions: OPEN,
      venue: { silentMs: 10, answeringMs: 500, backMs: 0, limited: false },
    } as const;
    const late = { ...justBack, state: "BOOTSTRAP", brain: unseenBrain(0, undefined) } as const;
    expect(decide(10_001, late).state).toBe("VENUE_LOST");
  });

  test("an ALIVE brain is nothing to halt for, and one failed read holds no panic", () => {
    expect(decide(60_000, SILENT)).toEqual({ state: "HEALTHY", actions: [] });
    const oneRead = {
      positions: UNKNOWN,
      venue: { silentMs: 1500, answeringMs: 90_000, backMs: 0, limited: false },
    } as const;
    expect(decide(3001, { ...oneRead, brain: deadSince0 }).actions).toEqual([unguarded]);
  });

  test("it holds a panic of REDIS_LOST, too", () => {
    const both = { ...SILENT, redisSilentMs: 4501, brain: brainSaying("ALIVE", 9000) };
    expect(decide(10_000, both).state).toBe("VENUE_LOST");
    const answers = { silentMs: 10, answeringMs: 90_000, backMs: 0, limited: false };
    expect(decide(10_000, { ...both, positions: OPEN, venue: answers }).actions).toEqual([unguarded]);
  });
});

test("a venue that limits us alone is waited for by what it may mend, and by nothing else", () => {
  const limited = { positions: UNKNOWN, venue: { ...SILENT.venue, limited: true } } as const;
  const degraded = { ...limited, brain: brainSaying("DEGRADED", 60_000), heldMs: 600_000 };
  expect(decide(60_100, degraded).state).toBe("VENUE_LOST");
  const dead = { ...limited, brain: deadSince0 };
  expect(decide(3001, dead)).toEqual({ state: "PANIC_PENDING", actions: [unguarded] });
  expect(decide(3001, { ...dead, state: "VENUE_LOST" }).actions).toEqual([unguarded]);
  expect(decide(10_001, { ...limited, brain: unseenBrain(0, undefined) }).actions).toEqual([unguarded]);
  const redisLost = { ...limited, redisSilentMs: 60_001, healthyAtMs: 60_000 };
  expect(decide(60_100, redisLost).state).toBe("PANIC_PENDING");
});

describe("with a latch", () => {
  const pending = latchOf({ stage: "pending", published: false });
  const issued = latchOf({ published: false });
  const halted = latchOf({ stage: "halted" });

  test("the panic goes from pending to issued when anyone took it, and to halted when the halt is seen", () => {
    const dead = { brain: deadSince0 };
    expect(decide(9000, { ...dead, state: "PANIC_PENDING", latch: pending })).toEqual({
      state: "PANIC_PENDING",
      actions: [],
    });
    const accepted = { accepted: true, published: true };
    expect(decide(9000, { ...dead, state: "PANIC_PENDING", latch: pending, call: accepted })).toEqual({
      state: "PANIC_ISSUED",
      actions: [{ kind: "keep-latch", latch: { ...pending, stage: "issued", published: true } }],
    });
    expect(decide(9000, { ...dead, state: "PANIC_ISSUED", latch: issued, halt: "panic" })).toEqual({
      state: "HALTED",
      actions: [{ kind: "keep-latch", latch: { ...issued, stage: "halted" } }],
    });
  });

  test("an earlier panic's halt, our own precaution, or none, is not this panic's halt", () => {
    for (const halt of ["other", "none", "unknown"] as const) {
      expect(decide(9000, { brain: deadSince0, state: "PANIC_ISSUED", latch: latchOf(), halt }).state).toBe(
        "PANIC_ISSUED",
      );
    }
  });

  test.each(["PANIC_PENDING", "PANIC_ISSUED", "HALTED"] as const)(
    "the same failure never panics again in %s",
    (state) => {
      const latch = { PANIC_PENDING: pending, PANIC_ISSUED: latchOf(), HALTED: halted }[state];
      for (const nowMs of [3001, 60_000, 3_600_000]) {
        expect(
          decide(nowMs, { brain: deadSince0, state, latch, halt: "panic" }).actions.map(({ kind }) => kind),
        ).not.toContain("call-panic");
      }
    },
  );

  test("the brain's recovery is remembered, and the next failure with positions left is a new panic", () => {
    const recovered = { ...halted, recovered: true };
    const well = brainAfter([20_000, beat(1, { instanceId: "b" })]);
    expect(decide(20_100, { brain: well, state: "HALTED", latch: halted, halt: "panic" })).toEqual({
      state: "HALTED",
      actions: [{ kind: "keep-latch", latch: recovered }],
    });
    const again = { brain: well, state: "HALTED", latch: recovered, halt: "panic" } as const;
    expect(decide(23_001, again)).toEqual({ state: "PANIC_PENDING", actions: [unguarded] });
    expect(decide(23_001, { ...again, positions: UNKNOWN }).state).toBe("PANIC_PENDING");
    expect(decide(30_000, { ...again, positions: FLAT })).toEqual({ state: "HALTED", actions: [] });
    const flatUnread = { kind: "unknown", lastCount: 0, sinceMs: 0 } as const;
    expect(decide(30_000, { ...again, positions: flatUnread })).toEqual({ state: "HALTED", actions: [] });
  });

  test("a new failure while the venue is silent waits for it", () => {
    const again = {
      brain: deadSince0,
      state: "HALTED",
      latch: { ...halted, recovered: true },
      halt: "panic",
    } as const;
    const silent = {
      positions: UNKNOWN,
      venue: { silentMs: 5000, answeringMs: 90_000, backMs: 0, limited: false },
    } as const;
    expect(decide(9000, { ...again, ...silent })).toEqual({ state: "HALTED", actions: [] });
  });

  test.each([
    ["a cleared halt", "HALTED", halted, "cleared"],
    ["a halt that says false", "HALTED", halted, "none"],
    ["a halt that was written and cleared while nobody looked", "PANIC_ISSUED", latchOf(), "cleared"],
  ] as const)("%s is an operator's reset and starts anew", (_, state, latch, halt) => {
    const reset = { state: "BOOTSTRAP", actions: [{ kind: "start-anew" }] } as const;
    expect(decide(9000, { brain: deadSince0, state, latch, halt })).toEqual({
      ...reset,
      actions: [...reset.actions],
    });
  });

  test("a halt that cannot be read is not cleared", () => {
    const input = { brain: deadSince0, state: "HALTED", latch: halted, halt: "unknown" } as const;
    expect(decide(9000, input).state).toBe("HALTED");
  });
});

describe("what does not prove a recovery", () => {
  const latch = latchOf({ stage: "halted" });
  const kept = (brain: WatchInput["brain"], changes: Partial<WatchInput> = {}) =>
    decide(20_100, { brain, state: "HALTED", latch, halt: "panic", ...changes }).actions;

  test("a beat of the failed instance that Redis brought back", () => {
    const leftOver = withAgesAnew(afterFoundBeat(deadSince0, beat(6)), 20_000);
    expect(kept(leftOver)).toEqual([]);
    expect(kept(unseenBrain(0, beat(6)))).toEqual([]);
  });

  test("any beat that Redis brought back, where no brain had been seen when it failed", () => {
    const unseen = latchOf({ stage: "halted", failure: { instanceId: "", seq: 0, lastDecisionTs: 0 } });
    const leftOver = withAgesAnew(afterFoundBeat(unseenBrain(0, undefined), beat(6)), 20_000);
    expect(kept(leftOver, { latch: unseen })).toEqual([]);
    expect(kept(brainSaying("ALIVE", 20_000), { latch: unseen })).toEqual([
      { kind: "keep-latch", latch: { ...unseen, recovered: true } },
    ]);
  });

  test("another instance's beat that Redis brought back, while no sign of it follows", () => {
    const leftOver = withAgesAnew(afterFoundBeat(deadSince0, beat(1, { instanceId: "b" })), 20_000);
    expect(kept(leftOver, { guardedAtMs: 0 })).toEqual([]);
    expect(kept(leftOver, { guardedAtMs: 20_000 })).toEqual([
      { kind: "keep-latch", latch: { ...latch, recovered: true } },
    ]);
  });

  test("a brain that beats and is DEGRADED", () => {
    expect(kept(brainSaying("DEGRADED", 20_000))).toEqual([]);
  });

  test("a stagnant brain that looks fine because our ages began anew, until it decides", () => {
    const stagnant = latchOf({
      stage: "halted",
      event: { ...latch.event, reason: "EXIT_BRAIN_DECISION_STAGNANT" },
    });
    const stuck = brainAfter([20_000, beat(90, { lastDecisionTs: 5 })]);
    expect(kept(stuck, { latch: stagnant })).toEqual([]);
    const decides = brainAfter([20_000, beat(90, { lastDecisionTs: 6 })]);
    expect(kept(decides, { latch: stagnant })).toEqual([
      { kind: "keep-latch", latch: { ...stagnant, recovered: true } },
    ]);
  });

  test("a healthy HTTP answer while Redis is lost proves it for a silent brain, not for a panic over Redis itself", () => {
    const lost = { redisSilentMs: 9000, healthyAtMs: 20_000 };
    expect(kept(deadSince0, lost)).toEqual([{ kind: "keep-latch", latch: { ...latch, recovered: true } }]);
    const overRedis = latchOf({ stage: "halted", event: { ...latch.event, reason: "REDIS_LOST" } });
    expect(kept(deadSince0, { ...lost, latch: overRedis })).toEqual([]);
  });

  test("while another instance that beat ALIVE before our start does", () => {
    const began = { nowMs: 20_000, watchedMs: 20_000 };
    expect(kept(unseenBrain(20_000, beat(6, { instanceId: "b" })), { began })).toEqual([
      { kind: "keep-latch", latch: { ...latch, recovered: true } },
    ]);
  });
});
