import { describe, expect, test } from "bun:test";
import { readPlan, storedPlan } from "../../../lib/exits/exit-plan.ts";
import { LONG_PLAN, LONG_POSITION, OPENED_MS, STORED_LONG } from "./exit-fixtures.ts";

test("a plan as execution stores it is read, decimals in canonical text", () => {
  const fields = { ...STORED_LONG, stop_loss: "95.00", trail_percent: "1.50" };
  expect(readPlan(fields)).toEqual({ kind: "plan", plan: { ...LONG_PLAN, trailPercent: "1.5" } });
});

test("what is stored is read again as the same plan, the best mark included", () => {
  const plan = { ...LONG_PLAN, trailPercent: "2", extreme: "104" };
  const fields = Object.fromEntries(
    Object.entries(storedPlan(plan, LONG_POSITION)).map(([name, value]) => [name, value ?? ""]),
  );
  expect(readPlan(fields)).toEqual({ kind: "plan", plan });
});

test("no field at all is no plan", () => {
  expect(readPlan({})).toEqual({ kind: "absent" });
});

describe("a plan that cannot be followed is unreadable, and says when it was opened", () => {
  test.each([
    ["no stop", { stop_loss: "" }],
    ["a stop that is no number", { stop_loss: "NaN" }],
    ["a negative stop", { stop_loss: "-1" }],
    ["a target of zero", { take_profit: "0" }],
    ["a trail of 100 %", { trail_percent: "100" }],
    ["a trail that is no number", { trail_percent: "wide" }],
    ["an unknown side", { side: "BUY" }],
    ["a longest time that is no number", { max_hold_sec: "soon" }],
  ])("%s", (_what, change) => {
    expect(readPlan({ ...STORED_LONG, ...change })).toMatchObject({
      kind: "unreadable",
      openedAt: String(OPENED_MS),
    });
  });

  test("a missing field", () => {
    const { opened_at: _, ...rest } = STORED_LONG;
    expect(readPlan(rest)).toMatchObject({ kind: "unreadable", openedAt: "" });
  });
});

test.each([
  ["an entry price that is no number", { entry_price: "?" }, { entryPrice: "0" }],
  ["a best mark that is no number", { mark_extreme: "?" }, { extreme: null }],
])("%s does not make a plan unreadable", (_what, change, plan) => {
  expect(readPlan({ ...STORED_LONG, ...change })).toMatchObject({ kind: "plan", plan });
});
