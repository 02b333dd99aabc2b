import type { Mutation } from "../planted/mutation.ts";
import type { SimulationOptions } from "./options.ts";
import { runSeeds } from "./run-seeds.ts";

export interface Hunt {
  readonly mutation: Mutation;
  readonly found: boolean;
  /** One line of a table. */
  readonly line: string;
}

/**
 * Plants each bug in turn and looks for it with the seeds of the CI run, one worker a bug and several bugs at a time.
 * Found is what breaks one of the invariants that the mutation names.
 */
export async function huntMutations(
  mutations: readonly Mutation[],
  options: Pick<SimulationOptions, "from" | "seeds" | "steps" | "workers">,
  onHunt: (hunt: Hunt) => void = () => undefined,
): Promise<readonly Hunt[]> {
  const waiting = [...mutations];
  const hunts: Hunt[] = [];
  const work = async () => {
    for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
      const hunt = await huntOne(mutation, options);
      hunts.push(hunt);
      onHunt(hunt);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  return hunts;
}

async function huntOne(
  mutation: Mutation,
  options: Pick<SimulationOptions, "from" | "seeds" | "steps">,
): Promise<Hunt> {
  const { from, seeds, steps } = options;
  const results = await runSeeds({ from, seeds, steps, workers: 1, mutation: mutation.name });
  const last = results.at(-1);
  const finding = last?.finding;
  const found = finding !== undefined && mutation.breaks.some((number) => number === finding.invariant);
  const where = finding === undefined ? "not found" : `seed ${last?.seed}, invariant ${finding.invariant}`;
  return {
    mutation,
    found,
    line: `| \`${mutation.name}\` | ${mutation.mistake} | ${where} | ${finding?.what ?? ""} |`,
  };
}
