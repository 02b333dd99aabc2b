/**
 * Invariants
 * 1. The gates are asked in the order of the contract; the first that holds is the one reported.
 * 2. A gate that cannot read its input holds.
 * 3. Audit lets through what enforcement would hold, and says what that was.
 */
import type { TradingMode } from "../contract/trading-mode.ts";
import type { GateModeSetting } from "./gate-limits.ts";
import { entryNumbers } from "./gate-numbers.ts";
import { type GateInput, type Held, PROFIT_GATES } from "./profit-gate.ts";

export type GateMode = "enforce" | "audit";

export type GateDecision =
  /** `wouldHold` is empty unless the mode is audit. */
  { readonly verdict: "pass"; readonly wouldHold: readonly Held[] } | Held;

/** LIVE audits unless told to enforce: the gates were tuned on paper; `auto` is the setting's default. */
export function decideGateMode(tradingMode: TradingMode, setting: GateModeSetting): GateMode {
  if (setting !== "auto") return setting;
  return tradingMode === "LIVE" ? "audit" : "enforce";
}

/** Asks the six gates of an entry. Exits never come here: reduce-only passes every gate. */
export function decideProfitGates(input: GateInput, mode: GateMode): GateDecision {
  const wouldHold: Held[] = [];
  const numbers = entryNumbers(input);
  for (const gate of PROFIT_GATES) {
    const verdict = gate.decide(input, numbers);
    if (verdict.verdict === "pass") continue;
    if (mode === "enforce") return verdict;
    wouldHold.push(verdict);
  }
  return { verdict: "pass", wouldHold };
}
