import { expect, test } from "bun:test";
import { classifyOutcome } from "../../../lib/exchange/classify-outcome.ts";
import { OutcomeLog } from "../../../lib/exchange/outcome-log.ts";
import { keptLog } from "../../support/quiet-log.ts";

const POSITIONS = { method: "GET", path: "/fapi/v3/positionRisk" } as const;
const TIME = { method: "GET", path: "/fapi/v1/time" } as const;

const lost = classifyOutcome({
  method: "GET",
  answer: { kind: "fault", fault: "RESET", message: "connection lost" },
  nowMs: 0,
});

function refusal(code: number, status = 400) {
  const body = JSON.stringify({ code, msg: "no" });
  return classifyOutcome({
    method: "GET",
    answer: { kind: "reply", status, body, retryAfter: null },
    nowMs: 0,
  });
}

function begin() {
  const time = { nowMs: 0 };
  const log = keptLog();
  const outcomes = new OutcomeLog(log, () => time.nowMs);
  const told = (message: string) =>
    log.lines.filter((line) => line.message === message).map(({ fields }) => fields);
  return { time, log, outcomes, told };
}

test("a venue that is away for a day is told of once a minute at most, and every outcome is counted in some line", () => {
  const { time, outcomes, told } = begin();
  const everyMs = 250;
  const count = 86_400_000 / everyMs;
  for (let asked = 0; asked < count; asked += 1) {
    time.nowMs = asked * everyMs;
    outcomes.note(lost, POSITIONS);
  }
  const lines = told("VENUE_OUTCOME");
  expect(lines).toHaveLength(24 * 60);
  expect(lines[0]).toMatchObject({ ...POSITIONS, row: lost.row });
  expect(lines[0]).not.toHaveProperty("left_out");
  expect(lines[1]).toMatchObject({ left_out: 239 });
  outcomes.accepted(POSITIONS);
  expect(told("VENUE_OUTCOME_OVER")).toEqual([
    { ...POSITIONS, row: lost.row, count, lasted_ms: 86_400_000 - everyMs },
  ]);
});

test("each kind of outcome is told of at once, whatever else goes on", () => {
  const { outcomes, told } = begin();
  outcomes.note(lost, POSITIONS);
  outcomes.note(lost, TIME);
  outcomes.note(refusal(-1003, 429), POSITIONS);
  outcomes.note(refusal(-2015), POSITIONS);
  outcomes.note(lost, POSITIONS);
  expect(told("VENUE_OUTCOME")).toHaveLength(4);
});

test("an episode of one outcome has no line for its end, and the next one is not told within the minute", () => {
  const { time, outcomes, told } = begin();
  for (const nowMs of [0, 1000, 61_000]) {
    time.nowMs = nowMs;
    outcomes.note(lost, POSITIONS);
    outcomes.accepted(POSITIONS);
  }
  expect(told("VENUE_OUTCOME")).toHaveLength(2);
  expect(told("VENUE_OUTCOME_OVER")).toHaveLength(0);
});

test("a venue that answers every other request is no flood either", () => {
  const { time, log, outcomes } = begin();
  for (; time.nowMs < 600_000; time.nowMs += 100) {
    outcomes.note(lost, POSITIONS);
    outcomes.note(lost, POSITIONS);
    outcomes.accepted(POSITIONS);
  }
  expect(log.lines.length).toBeLessThanOrEqual(20);
});

test("a request that is not made again has its episode ended by the others, after a minute", () => {
  const { time, outcomes, told } = begin();
  outcomes.note(lost, POSITIONS);
  outcomes.note(lost, POSITIONS);
  time.nowMs = 59_999;
  outcomes.accepted(TIME);
  expect(told("VENUE_OUTCOME_OVER")).toHaveLength(0);
  time.nowMs = 60_000;
  outcomes.accepted(TIME);
  expect(told("VENUE_OUTCOME_OVER")).toMatchObject([{ ...POSITIONS, count: 2, lasted_ms: 0 }]);
});

test("what is part of ordinary trading is told at debug alone", () => {
  const { log, outcomes } = begin();
  outcomes.note(refusal(-2011), POSITIONS);
  outcomes.note(refusal(-4164), POSITIONS);
  expect(log.lines.map(({ level }) => level)).toEqual(["debug", "debug"]);
});
