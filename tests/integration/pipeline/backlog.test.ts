import { beforeAll, expect, test } from "bun:test";
import { type BacklogOutcome, runBacklog } from "../../chaos/backlog-chaos.ts";
import { BINARIES } from "../../support/pipeline.ts";

const DECISIONS = 3000;
const BACKLOG_MAX = 400;

let outcome: BacklogOutcome;
beforeAll(async () => {
  outcome = await runBacklog({ decisions: DECISIONS, backlogMax: BACKLOG_MAX, binaries: BINARIES });
}, 120_000);

test("with execution stopped the router admits one more than the backlog's maximum and refuses the rest", () => {
  expect(outcome.admitted).toBe(BACKLOG_MAX + 1);
  // What is not counted as refused was admitted.
  const verdicts = [...outcome.verdicts].filter(([field]) => !field.startsWith("restarts:"));
  expect(Object.fromEntries(verdicts)).toEqual({
    decisions: DECISIONS,
    "denied:BACKLOG_FULL": DECISIONS - BACKLOG_MAX - 1,
  });
});

test("retention takes nothing that execution has not read", () => {
  expect(outcome.trimmed).toBe(0);
});

test("when execution returns every admitted intent has one result, and the venue agrees", () => {
  expect(outcome.problems).toEqual([]);
  const results = [...outcome.byStatus.values()].reduce((sum, count) => sum + count, 0);
  expect(results).toBe(BACKLOG_MAX + 1);
});

test("what has become too old expires, what is fresh does not", () => {
  expect(outcome.misjudged).toEqual([]);
  expect(outcome.old).toBeGreaterThan(BACKLOG_MAX / 3);
  expect(outcome.byStatus.get("expired")).toBe(outcome.old);
});
