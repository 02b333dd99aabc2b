import type Big from "big.js";
import { frictionUsd } from "./friction.ts";
import { gateNumber } from "./gate-number.ts";
import { type EntryNumbers, entryNumbers, limitNumbers } from "./gate-numbers.ts";
import type { GateInput, GateVerdict, ProfitGate } from "./profit-gate.ts";

/** The engine's own figure, else the distance to the target over the whole quantity. */
function expectedMoveUsd(input: GateInput, { price, quantity, target }: EntryNumbers): Big | undefined {
  if (input.expectedMoveUsd !== null) return gateNumber(input.expectedMoveUsd);
  return price && quantity && target ? target.minus(price).abs().times(quantity) : undefined;
}

/** Holds when expected_move_usd < EDGE_MULTIPLIER × friction of the notional. */
function decide(input: GateInput, numbers = entryNumbers(input)): GateVerdict {
  const { edgeMultiplier: multiplier, frictionPct } = limitNumbers(input.limits);
  const move = expectedMoveUsd(input, numbers);
  const friction = numbers.notionalUsd && frictionPct && frictionUsd(numbers.notionalUsd, frictionPct);
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
