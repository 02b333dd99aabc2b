import { expect, test } from "bun:test";
import { createRequestBudget, DOCUMENTED_RATE_LIMITS } from "../../../lib/exchange/request-budget.ts";

const WEIGHT = "x-mbx-used-weight-1m";
const ORDERS = "x-mbx-order-count-10s";
const ONE_ORDER = { weight: 0, orders: 1 };
const READ = { weight: 1, orders: 0 };

function budgetAt(startMs: number, exitReservePct = 20) {
  const time = { ms: startMs, wallOffsetMs: 0 };
  const budget = createRequestBudget({
    nowMs: () => time.ms + time.wallOffsetMs,
    monotonicMs: () => time.ms,
    exitReservePct,
  });
  budget.setLimits(DOCUMENTED_RATE_LIMITS);
  const report = (header: string, used: string) =>
    budget.spend({ weight: 0, orders: 0 })((name) => (name === header ? used : null));
  return { time, budget, report };
}

test.each([
  [239, "ok", "ok"],
  [240, "wait", "ok"],
  [299, "wait", "ok"],
  [300, "wait", "wait"],
] as const)("with %p of 300 orders used an entry must %s and an exit %s", (used, entry, exit) => {
  const { budget, report } = budgetAt(60_000);
  report(ORDERS, String(used));
  expect([budget.admit("entry", ONE_ORDER).kind, budget.admit("exit", ONE_ORDER).kind]).toEqual([
    entry,
    exit,
  ]);
});

test("a wait lasts until the window that is full ends", () => {
  const { budget, report } = budgetAt(63_000);
  report(ORDERS, "300");
  expect(budget.admit("exit", ONE_ORDER)).toEqual({ kind: "wait", ms: 7000 });
  report(WEIGHT, "2400");
  expect(budget.admit("exit", { weight: 1, orders: 1 })).toEqual({ kind: "wait", ms: 57_000 });
});

test("a full order limit does not hold reads up", () => {
  const { budget, report } = budgetAt(60_000);
  report(ORDERS, "300");
  expect(budget.admit("entry", READ)).toEqual({ kind: "ok" });
});

test("a new window begins empty", () => {
  const { budget, report, time } = budgetAt(69_999);
  report(ORDERS, "300");
  time.ms = 70_000;
  expect(budget.admit("entry", ONE_ORDER)).toEqual({ kind: "ok" });
});

test("what is in flight counts before the venue reports it", () => {
  const { budget } = budgetAt(60_000);
  for (let sent = 0; sent < 240; sent += 1) budget.spend(ONE_ORDER);
  expect(budget.admit("entry", ONE_ORDER).kind).toBe("wait");
});

test("what others have spent is counted below what of ours is still unanswered", () => {
  const { budget } = budgetAt(60_000);
  const replies = Array.from({ length: 20 }, () => budget.spend(ONE_ORDER));
  const used = () => budget.usage().find(({ limit }) => limit.header === ORDERS)?.used;
  expect(used()).toBe(20);
  // Somebody else has sent 275 before our first.
  replies[0]?.((name) => (name === ORDERS ? "276" : null));
  expect(used()).toBe(295);
  expect(budget.admit("exit", { weight: 0, orders: 6 }).kind).toBe("wait");
  // The venue had them in another order than the replies came in: too high for a moment, and right in the end.
  replies[19]?.((name) => (name === ORDERS ? "295" : null));
  expect(used()).toBe(313);
  for (const reply of replies.slice(1, 19)) reply((name) => (name === ORDERS ? "294" : null));
  expect(used()).toBe(295);
});

test("what is never answered counts until its window ends, and limits that are read meanwhile keep it", () => {
  const { budget, time } = budgetAt(60_000);
  const reply = budget.spend({ weight: 0, orders: 3 });
  budget.spend({ weight: 0, orders: 4 });
  budget.setLimits(DOCUMENTED_RATE_LIMITS);
  reply((name) => (name === ORDERS ? "100" : null));
  const used = () => budget.usage().find(({ limit }) => limit.header === ORDERS)?.used;
  expect(used()).toBe(104);
  time.ms += 10_000;
  expect(used()).toBe(0);
});

test("a report raises the count and never lowers it", () => {
  const { budget, report } = budgetAt(60_000);
  report(WEIGHT, "100");
  report(WEIGHT, "40");
  expect(budget.usage()[0]?.used).toBe(100);
});

test("a report of the window before does not count in this one", () => {
  const { budget, time } = budgetAt(69_999);
  const read = budget.spend(ONE_ORDER);
  time.ms = 70_001;
  read((name) => (name === ORDERS ? "300" : null));
  expect(budget.admit("entry", ONE_ORDER)).toEqual({ kind: "ok" });
});

test("a header that is no number is ignored", () => {
  const { budget, report } = budgetAt(60_000);
  report(WEIGHT, "many");
  expect(budget.usage()[0]?.used).toBe(0);
});

test("after a stop nothing is admitted; then exits go a second before entries", () => {
  const { budget, time } = budgetAt(60_000);
  budget.stopFor(5000);
  expect(budget.admit("exit", READ)).toEqual({ kind: "refused", untilMs: 65_000 });
  expect(budget.admit("entry", READ)).toEqual({ kind: "refused", untilMs: 66_000 });
  time.ms = 65_000;
  expect([budget.admit("exit", READ).kind, budget.admit("entry", READ).kind]).toEqual(["ok", "refused"]);
  time.ms = 66_000;
  expect(budget.admit("entry", READ).kind).toBe("ok");
});

test.each([86_400_000, -86_400_000])(
  "a stop that began under a clock %d ms off ends in its time when the clock is set right",
  (wallOffsetMs) => {
    const { budget, time } = budgetAt(200_000_000);
    time.wallOffsetMs = wallOffsetMs;
    budget.stopFor(5000);
    time.wallOffsetMs = 0;
    time.ms += 4999;
    expect(budget.admit("exit", READ).kind).toBe("refused");
    time.ms += 1;
    expect(budget.admit("exit", READ).kind).toBe("ok");
  },
);

test("a shorter stop never cuts a longer one", () => {
  const { budget } = budgetAt(60_000);
  budget.stopFor(120_000);
  budget.stopFor(1000);
  expect(budget.admit("exit", READ)).toEqual({ kind: "refused", untilMs: 180_000 });
});

test("the venue's own limits replace the documented ones and keep what was counted", () => {
  const { budget, report } = budgetAt(60_000);
  report(WEIGHT, "50");
  budget.setLimits([{ counts: "weight", intervalMs: 60_000, max: 60, header: WEIGHT }]);
  expect(budget.usage().map(({ limit, used }) => [limit.max, used])).toEqual([[60, 50]]);
  expect(budget.admit("entry", READ).kind).toBe("wait");
  expect(budget.admit("exit", READ).kind).toBe("ok");
});

test("an empty list of limits does not lift them", () => {
  const { budget } = budgetAt(60_000);
  budget.setLimits([]);
  expect(budget.usage()).toHaveLength(3);
});

test("before the true limits are known only a ban withholds: a start into a spent minute must be able to ask", () => {
  const budget = createRequestBudget({ nowMs: () => 60_000, monotonicMs: () => 60_000, exitReservePct: 20 });
  budget.spend({ weight: 0, orders: 0 })((name) => (name === WEIGHT ? "99999" : null));
  expect(budget.admit("entry", READ)).toEqual({ kind: "ok" });
  budget.stopFor(1000);
  expect(budget.admit("exit", READ).kind).toBe("refused");
});
