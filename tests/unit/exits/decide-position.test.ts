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
