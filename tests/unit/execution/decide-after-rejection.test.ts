import { expect, test } from "bun:test";
import { OUTCOME_TABLE, type Outcome, type OutcomeRowId } from "../../../lib/exchange/outcome-classes.ts";
import { decideAfterRejection, refusalOf } from "../../../lib/execution/decide-after-rejection.ts";

function outcome(row: OutcomeRowId, retryAfterMs: number | null = null): Outcome {
  const found = OUTCOME_TABLE.find((one) => one.id === row);
  if (found === undefined) throw new Error(`no row ${row}`);
  const { class: outcomeClass, phase, retryable, advice } = found;
  return {
    class: outcomeClass,
    phase,
    retryable,
    advice,
    row,
    httpStatus: 400,
    code: -1,
    message: "m",
    retryAfterMs,
  };
}

const decide = (kind: "entry" | "exit", row: OutcomeRowId, rejections = 0, resigned = false) =>
  decideAfterRejection({
    kind,
    outcome: outcome(row, row === "HTTP_LIMITED" ? 30_000 : null),
    rejections,
    resigned,
  });

test.each([
  ["entry", "HTTP_LIMITED", 0, { kind: "end", ending: { reason: "VENUE_LIMITED" } }],
  ["exit", "HTTP_LIMITED", 500, { kind: "wait", afterMs: 1000 }],
  ["entry", "OVERLOADED", 0, { kind: "wait", afterMs: 200 }],
  ["entry", "OVERLOADED", 1, { kind: "wait", afterMs: 400 }],
  ["entry", "OVERLOADED", 2, { kind: "wait", afterMs: 800 }],
  ["entry", "OVERLOADED", 3, { kind: "end", ending: { reason: "VENUE_UNAVAILABLE" } }],
  ["exit", "OVERLOADED", 500, { kind: "wait", afterMs: 800 }],
  ["entry", "CLOCK", 0, { kind: "sign_again" }],
  ["entry", "REFUSED_BY_ACCOUNT", 0, { kind: "end", ending: { reason: "VENUE_REJECTED" } }],
  ["exit", "NOTHING_TO_REDUCE", 0, { kind: "plan_again", afterMs: 200 }],
  ["exit", "NOTHING_TO_REDUCE", 3, { kind: "end", ending: { reason: "NOTHING_TO_REDUCE" } }],
  ["exit", "OTHER_POSITION_MODE", 0, { kind: "plan_again", afterMs: 0 }],
  ["exit", "OTHER_POSITION_MODE", 3, { kind: "end", ending: { reason: "VENUE_REJECTED" } }],
  ["entry", "OTHER_POSITION_MODE", 0, { kind: "end", ending: { reason: "VENUE_REJECTED" } }],
  ["exit", "RESTING_HOLDS_SIZE", 0, { kind: "cancel_resting_first" }],
  ["entry", "RESTING_HOLDS_SIZE", 0, { kind: "end", ending: { reason: "VENUE_REJECTED" } }],
  ["exit", "CREDENTIALS", 0, { kind: "end", ending: { reason: "VENUE_REJECTED" } }],
] as const)("an %s after %s, %d rejections before", (kind, row, rejections, expected) => {
  expect(decide(kind, row, rejections)).toMatchObject(expected);
});

test("a clock fault is signed anew once, then waits like any other", () => {
  expect(decide("entry", "CLOCK", 1, true)).toEqual({ kind: "wait", afterMs: 400 });
});

test("the ending names the venue's code and words", () => {
  const next = decide("entry", "REFUSED_BY_ACCOUNT");
  expect(next).toMatchObject({ ending: { state: "REJECTED", detail: "-1 m" } });
});

test.each<readonly [string, Partial<Outcome>, boolean]>([
  ["a code that is not listed", { code: -9999, httpStatus: 400 }, true],
  ["such a code with a status of success", { code: -9999, httpStatus: 200 }, true],
  ["a firewall's 403", { httpStatus: 403 }, true],
  ["a redirect", { httpStatus: 307 }, false],
  ["a proxy's 503", { httpStatus: 503 }, false],
  ["a body that is not JSON", { httpStatus: 200 }, false],
  ["the venue's own doubt", { row: "NO_RESPONSE_INSIDE", code: -1007, httpStatus: 400 }, false],
])("%s, and whether it refuses what is proved not executed: an entry alone", (_, change, refuses) => {
  const answer = { ...outcome("UNRECOGNISED"), code: null, ...change };
  expect(refusalOf("entry", answer)).toEqual(refuses ? answer : undefined);
  expect(refusalOf("exit", answer)).toBeUndefined();
});
