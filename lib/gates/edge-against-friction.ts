import type Big from "big.js";
import { frictionUsd } from "./friction.ts";
import { gateNumber, positiveNumber } from "./gate-number.ts";
import type { GateInput, GateVerdict, ProfitGate } from "./profit-gate.ts";

/** The engine's own figure, else the distance to the target over the whole quantity. */
function expectedMoveUsd(input: GateInput): Big | undefined {
  if (input.expectedMoveUsd !== null) return gateNumber(input.expectedMoveUsd);
  const price = positiveNumber(input.price);
  const quantity = positiveNumber(input.quantity);
  const target = positiveNumber(input.takeProfit);
  return price && quantity && target ? target.minus(price).abs().times(quantity) : undefined;
}

/** Holds when expected_move_usd < EDGE_MULTIPLIER × friction of the notional. */
function decide(input: GateInput): GateVerdict {
  const price = positiveNumber(input.price);
  const quantity = positiveNumber(input.quantity);
  const multiplier = gateNumber(input.limits.EDGE_MULTIPLIER);
  const move = expectedMoveUsd(input);
  const friction = price && quantity ? frictionUsd(price.times(quantity), input.limits) : undefined;
  const needed = friction && multiplier ? friction.times(multiplier) : undefined;
  if (move && needed && move.gte(needed)) return { verdict: "pass" };
  return {
    verdict: "held",
    reason: "EDGE_TOO_SMALL",
    detail: {
      expectedMoveUsd: move?.toFixed() ?? "NaN",
      neededUsd: needed?.toFixed() ?? "NaN",
      frictionUsd: friction?.toFixed() ?? "NaN",
      edgeMultiplier: input.limits.EDGE_MULTIPLIER,
    },
  };
}

export const edgeAgainstFriction: ProfitGate = { reason: "EDGE_TOO_SMALL", decide };
