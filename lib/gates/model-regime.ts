import type { GateInput, GateVerdict, ProfitGate } from "./profit-gate.ts";

/** Which models may trade in which regime. */
export const ALLOWED_MODELS: ReadonlyMap<string, readonly string[]> = new Map([
  ["TREND", ["NHiTS", "PatchTST"]],
  ["RANGE", ["XGBoost", "LightGBM"]],
  ["HIGH_VOL", ["XGBoost"]],
  ["LOW_VOL", ["PatchTST"]],
]);

/** Holds when the model is not allowed in the regime; an unknown model or regime is not allowed. */
function decide(input: GateInput): GateVerdict {
  const allowed = ALLOWED_MODELS.get(input.regime) ?? [];
  if (allowed.includes(input.model)) return { verdict: "pass" };
  return {
    verdict: "held",
    reason: "MODEL_REGIME_MISMATCH",
    detail: { model: input.model, regime: input.regime, allowed: allowed.join(",") || "none" },
  };
}

export const modelRegime: ProfitGate = { reason: "MODEL_REGIME_MISMATCH", decide };
