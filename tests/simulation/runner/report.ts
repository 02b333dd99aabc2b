import { INVARIANTS } from "../watch/findings.ts";
import type { SimulationOptions } from "./options.ts";
import type { SeedResult } from "./seed-result.ts";

const LINES_SHOWN = 60;

/** How a run is made again. */
export function replayCommand(options: Pick<SimulationOptions, "steps" | "mutation">, seed: number): string {
  const mutation = options.mutation === undefined ? "" : ` --mutation ${options.mutation}`;
  return `bun run sim --seed ${seed} --steps ${options.steps}${mutation}`;
}

/** A finding with everything that is needed to look into it. */
export function findingText(
  options: Pick<SimulationOptions, "steps" | "mutation" | "trace">,
  result: SeedResult,
): string {
  const { finding } = result;
  if (finding === undefined) return "";
  const promised =
    Object.entries(INVARIANTS).find(([number]) => Number(number) === finding.invariant)?.[1] ?? "";
  const lines = options.trace ? result.lines : result.lines.slice(-LINES_SHOWN);
  return [
    ...lines,
    "",
    `seed ${result.seed}, step ${finding.step}, ${finding.atMs.toFixed(3)} ms: invariant ${finding.invariant}, ${promised}`,
    `  ${finding.what}`,
    `  ${replayCommand(options, result.seed)}`,
    "",
  ].join("\n");
}
