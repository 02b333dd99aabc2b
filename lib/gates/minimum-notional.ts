import { gateNumber, positiveNumber } from "./gate-number.ts";
import type { GateInput, GateVerdict, ProfitGate } from "./profit-gate.ts";

/** Holds when price × quantity < MIN_NOTIONAL_USD: fees and rounding eat an order that small. */
function decide(input: GateInput): GateVerdict {
  const price = positiveNumber(input.price);
  const quantity = positiveNumber(input.quantity);
  const min = gateNumber(input.limits.MIN_NOTIONAL_USD);
  const notional = price && quantity ? price.times(quantity) : undefined;
  if (notional && min && notional.gte(min)) return { verdict: "pass" };
  return {
    verdict: "held",
    reason: "MIN_NOTIONAL",
    detail: { notionalUsd: notional?.toFixed() ?? "NaN", minNotionalUsd: input.limits.MIN_NOTIONAL_USD },
  };
}

export const minimumNotional: ProfitGate = { reason: "MIN_NOTIONAL", decide };
