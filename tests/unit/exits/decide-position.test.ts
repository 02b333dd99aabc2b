import { describe, expect, test } from "bun:test";
import { decidePosition, type PositionInput } from "../../../lib/exits/decide-position.ts";
import { LONG_PLAN, LONG_POSITION, OPENED_MS, SHORT_PLAN, SHORT_POSITION } from "./exit-fixtures.ts";

const GRACE_MS = 3000;
const planned = { kind: "plan", plan: LONG_PLAN } as const;
const absent = { kind: "absent" } as const;

function decide(change: Partial<PositionInput> = {}) {
  return decidePosition({
    position: LONG_POSITION,
    reading: planned,
    entryInFlight: false,
    standingStop: null,
    followed: null,
    ageMs: 0,
    mark: "100",
    nowMs: OPENED_MS + 1000,
    graceMs: GRACE_MS,
    defaults: { stopPct: "2", targetPct: "4", maxHoldSec: 14_400 },
    ...change,
  });
}

describe("a position with its plan", () => {
  test("is held while no rule is due, and every rule says how far it is", () => {
    const decision = decide();
    expect(decision).toMatchObject({ kind: "hold", adoption: null });
    expect(decision.kind === "wait" ? [] : decision.says.map(({ rule }) => rule)).toEqual([
      "HARD_STOP",
      "TRAILING_STOP",
      "TAKE_PROFIT",
      "TIME_STOP",
    ]);
  });

  test.each([
    ["HARD_STOP", { mark: "95" }],
    ["TAKE_PROFIT", { mark: "110" }],
    ["TIME_STOP", { nowMs: OPENED_MS + 3_600_000 }],
  ] as const)("is left by %s", (rule, change) => {
    expect(decide(change)).toMatchObject({ kind: "exit", rule });
  });

  test("is left by the rule of highest precedence when several are due", () => {
    const plan = { ...LONG_PLAN, trailPercent: "1" };
    const late = { nowMs: OPENED_MS + 3_600_000 };
    expect(decide({ reading: { kind: "plan", plan }, mark: "90", ...late })).toMatchObject({
      rule: "HARD_STOP",
    });
    expect(decide({ reading: { kind: "plan", plan }, mark: "98", ...late })).toMatchObject({
      rule: "TRAILING_STOP",
    });
  });
});

describe("the best mark", () => {
  const trailing = { kind: "plan", plan: { ...LONG_PLAN, trailPercent: "2" } } as const;

  test("starts at the entry price", () => {
    expect(decide({ reading: trailing, mark: "99" })).toMatchObject({ plan: { extreme: "100" } });
  });

  test("follows the mark and never comes back", () => {
    const up = decide({ reading: trailing, mark: "104" });
    const followed = up.kind === "wait" ? null : up.plan;
    expect(followed?.extreme).toBe("104");
    expect(decide({ reading: trailing, followed, mark: "103" })).toMatchObject({ plan: { extreme: "104" } });
  });

  test("is taken from the recorded plan after a restart", () => {
    const reading = { kind: "plan", plan: { ...trailing.plan, extreme: "108" } } as const;
    expect(decide({ reading, mark: "105.8" })).toMatchObject({ kind: "exit", rule: "TRAILING_STOP" });
  });

  test("of an earlier plan counts no more", () => {
    const followed = { ...trailing.plan, openedAtMs: OPENED_MS - 1, extreme: "120" };
    expect(decide({ reading: trailing, followed, mark: "101" })).toMatchObject({
      kind: "hold",
      plan: { extreme: "101" },
    });
  });

  test("of a short is the lowest", () => {
    const reading = { kind: "plan", plan: { ...SHORT_PLAN, trailPercent: "2" } } as const;
    expect(decide({ position: SHORT_POSITION, reading, mark: "97" })).toMatchObject({
      plan: { extreme: "97" },
    });
  });
});

describe("a position without a plan", () => {
  test("gets the default plan at once, measured from the mark and not from the entry", () => {
    expect(decide({ reading: absent, mark: "50" })).toMatchObject({
      kind: "hold",
      adoption: { why: "NO_PLAN", replaces: null },
      plan: { stopLoss: "49", takeProfit: "52", openedAtMs: OPENED_MS + 1000, maxHoldSec: 14_400 },
    });
  });

  test("of a short has its stop above", () => {
    expect(decide({ position: SHORT_POSITION, reading: absent, mark: "50" })).toMatchObject({
      plan: { side: "SHORT", stopLoss: "51", takeProfit: "48" },
    });
  });

  test("waits while its entry is being settled, and not longer than the grace", () => {
    expect(decide({ reading: absent, entryInFlight: true, ageMs: GRACE_MS - 1 })).toEqual({
      kind: "wait",
      why: "ENTRY_IN_FLIGHT",
    });
    expect(decide({ reading: absent, entryInFlight: true, ageMs: GRACE_MS })).toMatchObject({
      adoption: { why: "NO_PLAN" },
    });
  });

  test("waits for Redis, and not longer than the grace", () => {
    expect(decide({ reading: undefined, ageMs: GRACE_MS - 1 })).toEqual({
      kind: "wait",
      why: "PLAN_NOT_READ",
    });
    expect(decide({ reading: undefined, ageMs: GRACE_MS })).toMatchObject({
      adoption: { why: "REDIS_UNREADABLE" },
    });
  });

  test("and without a price is measured from its entry once the grace is over", () => {
    expect(decide({ reading: absent, mark: null })).toEqual({ kind: "wait", why: "NO_PRICE" });
    expect(decide({ reading: absent, mark: null, ageMs: GRACE_MS })).toMatchObject({
      plan: { stopLoss: "98" },
    });
  });

  test("keeps the plan that was followed before", () => {
    expect(decide({ reading: absent, followed: LONG_PLAN })).toMatchObject({
      plan: { stopLoss: "95" },
      adoption: { why: "PLAN_LOST" },
    });
  });

  test("is judged by its rules all the same while its plan cannot be stored", () => {
    expect(decide({ reading: absent, followed: LONG_PLAN, mark: "94" })).toMatchObject({
      kind: "exit",
      rule: "HARD_STOP",
    });
  });
});

describe("a stop of ours that stands", () => {
  test.each([
    ["tighter than the default one", "99", "99"],
    ["looser than the default one", "97", "98"],
  ])("and is %s", (_what, standingStop, stopLoss) => {
    expect(decide({ reading: absent, standingStop })).toMatchObject({
      plan: { stopLoss, defaultStop: "98" },
      adoption: { why: "NO_PLAN", storable: true },
    });
  });

  test("of a short is taken over when it is lower", () => {
    const short = { position: SHORT_POSITION, reading: absent };
    expect(decide({ ...short, standingStop: "101" })).toMatchObject({ plan: { stopLoss: "101" } });
    expect(decide({ ...short, standingStop: "103" })).toMatchObject({ plan: { stopLoss: "102" } });
  });

  test("is taken over as soon as it is seen, and nothing is stored before anyone has looked", () => {
    const unseen = decide({ reading: absent, standingStop: undefined });
    expect(unseen).toMatchObject({ adoption: { storable: false }, plan: { stopLoss: "98" } });
    const followed = unseen.kind === "wait" ? null : unseen.plan;
    const seen = decide({ reading: absent, followed, standingStop: "99", mark: "120" });
    expect(seen).toMatchObject({ adoption: { why: "NO_PLAN", storable: true } });
    expect(seen).toMatchObject({ plan: { stopLoss: "99", takeProfit: "104" } });
  });

  test("is the default plan's own also while Redis does not answer", () => {
    const unread = { reading: undefined, ageMs: GRACE_MS };
    expect(decide({ ...unread, standingStop: "99" })).toMatchObject({
      plan: { stopLoss: "99" },
      adoption: { why: "REDIS_UNREADABLE", storable: false },
    });
    const before = decide(unread);
    const followed = before.kind === "wait" ? null : before.plan;
    expect(decide({ ...unread, followed, standingStop: "99" })).toMatchObject({ plan: { stopLoss: "99" } });
  });

  test("does not change a plan that is recorded, nor one that was", () => {
    const { defaultStop: _, ...recorded } = { ...LONG_PLAN, defaultStop: "95" };
    const reading = { kind: "plan", plan: recorded } as const;
    expect(decide({ reading, standingStop: "99" })).toMatchObject({ plan: { stopLoss: "95" } });
    expect(decide({ reading: absent, followed: LONG_PLAN, standingStop: "99" })).toMatchObject({
      plan: { stopLoss: "95" },
      adoption: { why: "PLAN_LOST", storable: true },
    });
  });

  test("keeps the position safe while its entry is being settled, however long trades may take", () => {
    const settling = { reading: absent, entryInFlight: true, standingStop: "99" };
    expect(decide({ ...settling, ageMs: 59_999 })).toEqual({ kind: "wait", why: "ENTRY_IN_FLIGHT" });
    expect(decide({ ...settling, ageMs: 60_000 })).toMatchObject({
      plan: { stopLoss: "99" },
      adoption: { why: "NO_PLAN", storable: true },
    });
  });
});

test("no default plan is stored over an entry that is being settled", () => {
  const settling = { reading: absent, entryInFlight: true } as const;
  expect(decide({ ...settling, ageMs: GRACE_MS })).toMatchObject({
    adoption: { storable: false },
    plan: { stopLoss: "98" },
  });
  expect(decide({ ...settling, ageMs: 60_000 })).toMatchObject({ adoption: { storable: true } });
});

describe("a plan that does not fit", () => {
  test("because it cannot be read gives way to the default one", () => {
    const reading = { kind: "unreadable", why: "stop_loss: x", openedAt: "17" } as const;
    expect(decide({ reading })).toMatchObject({
      adoption: { why: "PLAN_UNREADABLE", replaces: "17", detail: "stop_loss: x" },
      plan: { stopLoss: "98" },
    });
  });

  test("because it is for the other side gives way to the default one", () => {
    expect(decide({ reading: { kind: "plan", plan: SHORT_PLAN } })).toMatchObject({
      adoption: { why: "PLAN_OF_OTHER_SIDE", replaces: String(OPENED_MS) },
      plan: { side: "LONG" },
    });
  });

  test("because it was followed for the other side is not taken over", () => {
    expect(decide({ reading: absent, followed: SHORT_PLAN })).toMatchObject({
      adoption: { why: "NO_PLAN" },
      plan: { side: "LONG", stopLoss: "98" },
    });
  });
});

test("while Redis does not answer the plan that was followed is followed on", () => {
  expect(decide({ reading: undefined, followed: LONG_PLAN, mark: "94" })).toMatchObject({
    kind: "exit",
    rule: "HARD_STOP",
    adoption: null,
  });
});
