import { entryNumbers, limitNumbers } from "./gate-numbers.ts";
import type { GateInput, GateVerdict, ProfitGate } from "./profit-gate.ts";

/** Holds when price × quantity < MIN_NOTIONAL_USD: fees and rounding eat an order that small. */
function decide(input: GateInput, { notionalUsd } = entryNumbers(input)): GateVerdict {
  const min = limitNumbers(input.limits).minNotionalUsd;
  if (notionalUsd && min && notionalUsd.gte(min)) return { verdict: "pass" };
  return {
    verdict: "held",
    reason: "MIN_NOTIONAL",
    detail: { notionalUsd: notionalUsd?.toFixed() ?? "NaN", minNotionalUsd: input.limits.MIN_NOTIONAL_USD },
  };
}

export const minimumNotional: ProfitGate = { reason: "MIN_NOTIONAL", decide };
