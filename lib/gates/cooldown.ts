import type { GateInput, GateVerdict, ProfitGate } from "./profit-gate.ts";

/**
 * Holds when now − the symbol's last trade < MIN_HOLD_SECONDS. A last trade in the future counts as just
 * now: clocks that disagree must not open the gate.
 */
function decide(input: GateInput): GateVerdict {
  if (input.lastTradeMs === null) return { verdict: "pass" };
  const sinceTradeMs = input.nowMs - input.lastTradeMs;
  if (sinceTradeMs >= input.limits.MIN_HOLD_SECONDS * 1000) return { verdict: "pass" };
  return {
    verdict: "held",
    reason: "COOLDOWN",
    detail: { sinceTradeMs, minHoldSeconds: input.limits.MIN_HOLD_SECONDS },
  };
}

export const cooldown: ProfitGate = { reason: "COOLDOWN", decide };
