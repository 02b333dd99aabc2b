import type { Ratio } from "../finding.ts";
import { quartiles } from "./quartiles.ts";

/**
 * The ratio of two figures that were measured in turn: each round's own, then the middle of these, so that a slow
 * minute of the machine weighs on both sides. Throws when there is no round.
 */
export function ratioOfRounds<Round>(
  rounds: readonly Round[],
  of: (round: Round) => number,
  against: { readonly of: (round: Round) => number; readonly to: string },
): Ratio {
  const { middle, low, high } = quartiles(rounds.map((round) => of(round) / against.of(round)));
  return { value: middle, low, high, to: against.to };
}
