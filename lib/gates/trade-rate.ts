import type { GateInput, GateVerdict, ProfitGate } from "./profit-gate.ts";

/** Holds when trades in the last 600 s ≥ MAX_TRADES_10MIN; asked as "not below", so that NaN holds. */
function decide(input: GateInput): GateVerdict {
  const { tradesLast10Min } = input;
  if (tradesLast10Min >= 0 && tradesLast10Min < input.limits.MAX_TRADES_10MIN) return { verdict: "pass" };
  return {
    verdict: "held",
    reason: "RATE_LIMIT",
    detail: { tradesLast10Min, maxTrades10Min: input.limits.MAX_TRADES_10MIN },
  };
}

export const tradeRate: ProfitGate = { reason: "RATE_LIMIT", decide };
