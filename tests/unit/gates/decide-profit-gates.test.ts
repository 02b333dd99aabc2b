import { expect, test } from "bun:test";
import { HOLD_REASONS } from "../../../lib/contract/reasons.ts";
import { decideGateMode, decideProfitGates } from "../../../lib/gates/decide-profit-gates.ts";
import { type GateInput, PROFIT_GATES } from "../../../lib/gates/profit-gate.ts";
import { VALID_ENTRY } from "./valid-entry.ts";

/** The proof table: each entry is the valid one with a single thing wrong. */
const HELD: readonly [string, Partial<GateInput>][] = [
  ["MIN_NOTIONAL", { quantity: "0.007", expectedMoveUsd: "100" }],
  ["EDGE_TOO_SMALL", { expectedMoveUsd: "0.2" }],
  ["COOLDOWN", { lastTradeMs: VALID_ENTRY.nowMs - 1000 }],
  ["RATE_LIMIT", { tradesLast10Min: 3 }],
  ["R_TOO_LOW", { takeProfit: "3670" }],
  ["MODEL_REGIME_MISMATCH", { model: "XGBoost" }],
];

test("the valid trade of the proof table passes", () => {
  expect(decideProfitGates(VALID_ENTRY, "enforce")).toEqual({ verdict: "pass", wouldHold: [] });
});

test.each(HELD)("%s is held by its own gate", (reason, change) => {
  expect(decideProfitGates({ ...VALID_ENTRY, ...change }, "enforce")).toMatchObject({
    verdict: "held",
    reason,
  });
});

test.each(HELD)("in audit %s passes and is said", (reason, change) => {
  const decision = decideProfitGates({ ...VALID_ENTRY, ...change }, "audit");
  expect(decision).toMatchObject({ verdict: "pass", wouldHold: [{ reason }] });
});

test("the gates stand in the contract's order, one for every reason", () => {
  expect(PROFIT_GATES.map((gate) => gate.reason)).toEqual([
    "MIN_NOTIONAL",
    "EDGE_TOO_SMALL",
    "COOLDOWN",
    "RATE_LIMIT",
    "R_TOO_LOW",
    "MODEL_REGIME_MISMATCH",
  ]);
  expect(new Set<string>(Object.keys(HOLD_REASONS))).toEqual(
    new Set(PROFIT_GATES.map((gate) => gate.reason)),
  );
});

test("with everything wrong the first gate is reported, and audit lists all six in order", () => {
  const changes: Partial<GateInput> = Object.assign({}, ...HELD.map(([, change]) => change));
  const all = { ...VALID_ENTRY, ...changes, expectedMoveUsd: "0.01" };
  expect(decideProfitGates(all, "enforce")).toMatchObject({ reason: "MIN_NOTIONAL" });
  const audited = decideProfitGates(all, "audit");
  if (audited.verdict !== "pass") throw new Error("audit held");
  expect(audited.wouldHold.map((held) => held.reason)).toEqual(PROFIT_GATES.map((gate) => gate.reason));
});

test.each([
  ["PAPER", "auto", "enforce"],
  ["TESTNET", "auto", "enforce"],
  ["LIVE", "auto", "audit"],
  ["PAPER", "audit", "audit"],
  ["TESTNET", "audit", "audit"],
  ["LIVE", "audit", "audit"],
  ["PAPER", "enforce", "enforce"],
  ["TESTNET", "enforce", "enforce"],
  ["LIVE", "enforce", "enforce"],
] as const)("%s with GATE_MODE %s: %s", (mode, setting, expected) => {
  expect(decideGateMode(mode, setting)).toBe(expected);
});
