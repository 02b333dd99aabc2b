import { describe, expect, test } from "bun:test";
import {
  type AttemptInput,
  decideAttempt,
  type ExitAttempt,
  handedOver,
  isUnconfirmed,
} from "../../../lib/exits/decide-attempt.ts";
import { exitIntentId } from "../../../lib/exits/exit-intent.ts";
import { BTC_RULES } from "../../support/symbol-rules.ts";
import { LONG_POSITION, OPENED_MS } from "./exit-fixtures.ts";

const CONFIRM_MS = 2000;
const idOf = (n: number) =>
  exitIntentId({ symbol: "BTCUSDT", positionSide: "BOTH", openedAtMs: OPENED_MS, rule: "HARD_STOP", n });

const sent: ExitAttempt = {
  openedAtMs: OPENED_MS,
  rule: "HARD_STOP",
  n: 0,
  intentId: idOf(0),
  handover: "sent",
  takenUp: true,
  sentAtMs: 1000,
  endedAtMs: null,
  progressAtMs: 1000,
  quantity: "0.5",
};

function decide(change: Partial<AttemptInput> = {}) {
  return decideAttempt({
    position: LONG_POSITION,
    openedAtMs: OPENED_MS,
    rule: "HARD_STOP",
    attempt: sent,
    ledger: "SUBMITTING",
    nowMs: 2000,
    askedAtMs: 1990,
    confirmMs: CONFIRM_MS,
    ...change,
  });
}

test("nothing is due, nothing is under way: idle", () => {
  expect(decide({ rule: null, attempt: null })).toEqual({ kind: "idle" });
});

test("a rule that is due is published under number 0", () => {
  expect(decide({ attempt: null, ledger: undefined })).toMatchObject({
    kind: "publish",
    attempt: { n: 0, intentId: idOf(0), handover: "due", progressAtMs: 2000 },
  });
});

describe("an exit under way", () => {
  test.each([["RECEIVED"], ["SUBMITTING"], ["UNKNOWN"], ["ABSENT"], [undefined]])(
    "is not repeated while the ledger says %s",
    (ledger) => {
      expect(decide({ ledger })).toMatchObject({ kind: "await", attempt: { n: 0 } });
    },
  );

  test("is carried on although the price has come back", () => {
    expect(decide({ rule: null, ledger: "FILLED", attempt: { ...sent, endedAtMs: 1500 } })).toMatchObject({
      kind: "publish",
      attempt: { n: 1, rule: "HARD_STOP" },
    });
  });

  test("is carried on under its own rule although another is due by now", () => {
    expect(decide({ rule: "TIME_STOP", attempt: { ...sent, endedAtMs: 1500 } })).toMatchObject({
      attempt: { n: 1, rule: "HARD_STOP" },
    });
  });

  test("belongs to its plan: another plan begins anew", () => {
    expect(decide({ openedAtMs: OPENED_MS + 1, rule: null })).toEqual({ kind: "idle" });
    expect(decide({ openedAtMs: OPENED_MS + 1 })).toMatchObject({ kind: "publish", attempt: { n: 0 } });
  });

  test("is handed over again, under the same id, when nobody has seen it for the time of a confirmation", () => {
    expect(decide({ ledger: "ABSENT", nowMs: 3001 })).toMatchObject({
      kind: "publish",
      attempt: { n: 0, intentId: idOf(0) },
    });
  });
});

describe("the next number", () => {
  test.each([["FILLED"], ["PARTIAL"], ["REJECTED"]])(
    "waits, after %s, for positions that were read later",
    (ledger) => {
      const ended = decide({ ledger });
      expect(ended).toMatchObject({ kind: "await", attempt: { n: 0, endedAtMs: 2000 } });
      const attempt = ended.kind === "idle" ? null : ended.attempt;
      expect(decide({ ledger, attempt, nowMs: 3000, askedAtMs: 2000 })).toMatchObject({ kind: "await" });
      expect(decide({ ledger, attempt, nowMs: 3000, askedAtMs: 2001 })).toMatchObject({
        kind: "publish",
        attempt: { n: 1, intentId: idOf(1), handover: "due", endedAtMs: null },
      });
    },
  );
});

test("a position that becomes smaller is left to execution, which follows up the rest of a split close", () => {
  const attempt = { ...sent, endedAtMs: 1500 };
  const smaller = { ...LONG_POSITION, quantity: "0.4" };
  const moved = decide({ attempt, position: smaller });
  expect(moved).toMatchObject({ kind: "await", attempt: { n: 0, progressAtMs: 2000, quantity: "0.4" } });
  const after = moved.kind === "idle" ? null : moved.attempt;
  const later = (nowMs: number) =>
    decide({ attempt: after, position: smaller, nowMs, askedAtMs: nowMs - 10 });
  expect(later(2999)).toMatchObject({ kind: "await" });
  expect(later(3000)).toMatchObject({ kind: "publish", attempt: { n: 1, intentId: idOf(1) } });
});

describe("handing over", () => {
  test.each([
    ["refused by Redis: again", "refused", undefined, "publish"],
    ["in doubt, the ledger does not know it: again", "unsure", "ABSENT", "publish"],
    ["in doubt, the ledger was not read: wait", "unsure", undefined, "await"],
    ["in doubt, the ledger has it: wait", "unsure", "RECEIVED", "await"],
    ["on its way: wait", "sending", undefined, "await"],
  ] as const)("%s", (_what, handover, ledger, kind) => {
    expect(decide({ attempt: { ...sent, handover }, ledger })).toMatchObject({ kind, attempt: { n: 0 } });
  });
});

describe("a handing over that ends after later cycles have looked at the attempt", () => {
  const sending = { ...sent, handover: "sending" } as const;
  const later = decide({
    attempt: sending,
    ledger: undefined,
    position: { ...LONG_POSITION, quantity: "0.4" },
  });
  const now = later.kind === "idle" ? null : later.attempt;

  test.each([["sent"], ["refused"], ["unsure"]] as const)("is taken over: %s", (handover) => {
    const after = handedOver(now, sending, { ...sending, handover });
    expect(after).toMatchObject({ handover, quantity: "0.4", progressAtMs: 2000 });
  });

  test("under the number of an earlier process", () => {
    const taken = { ...sending, n: 3, intentId: idOf(3), handover: "sent", takenUp: true } as const;
    expect(handedOver(now, sending, taken)).toMatchObject({ n: 3, intentId: idOf(3), handover: "sent" });
  });

  test("is of no more interest to another attempt, or to none", () => {
    const next = { ...sent, n: 1, intentId: idOf(1), handover: "sending" } as const;
    expect(handedOver(next, sending, { ...sending, handover: "refused" })).toBe(next);
    expect(handedOver(null, sending, { ...sending, handover: "refused" })).toBeNull();
  });

  test("does not take back what the ledger has said since", () => {
    expect(
      handedOver({ ...sending, handover: "sent" }, sending, { ...sending, handover: "unsure" }),
    ).toMatchObject({
      handover: "sent",
    });
  });
});

describe("an exit is unconfirmed", () => {
  test.each([
    ["when Redis did not take it, at once", { handover: "refused" }, 1000, true],
    ["not before the time is up", {}, 2899, false],
    ["when it is, to a cycle's jitter", {}, 2900, true],
  ] as const)("%s", (_what, change, nowMs, unconfirmed) => {
    expect(isUnconfirmed({ ...sent, ...change }, { nowMs, confirmMs: CONFIRM_MS, rules: BTC_RULES })).toBe(
      unconfirmed,
    );
  });
  test.each([
    ["never where the position is too small for any order", "0.0009", BTC_RULES, false],
    ["where the smallest order closes it", "0.001", BTC_RULES, true],
    ["where nobody knows what is too small", "0.0009", undefined, true],
  ] as const)("%s", (_what, quantity, rules, unconfirmed) => {
    const refused = { ...sent, handover: "refused", quantity } as const;
    expect(isUnconfirmed(refused, { nowMs: 9000, confirmMs: CONFIRM_MS, rules })).toBe(unconfirmed);
  });

  const after = (change: Partial<AttemptInput>) => {
    const next = decide({ nowMs: 2900, ...change });
    return next.kind === "idle" ? undefined : next.attempt.progressAtMs;
  };
  test("no more by a smaller position, nor by a fill", () => {
    expect(after({ position: { ...LONG_POSITION, quantity: "0.4" } })).toBe(2900);
    expect(after({ ledger: "FILLED" })).toBe(2900);
    expect(after({ ledger: "PARTIAL" })).toBe(2900);
  });

  test("still after a rejection, a larger position, or another number", () => {
    expect(after({ ledger: "REJECTED" })).toBe(1000);
    expect(after({ position: { ...LONG_POSITION, quantity: "0.6" } })).toBe(1000);
    expect(after({ attempt: { ...sent, endedAtMs: 1500 } })).toBe(1000);
  });
});
