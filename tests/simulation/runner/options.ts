import { parseArgs } from "node:util";

export interface SimulationOptions {
  readonly from: number;
  readonly seeds: number;
  readonly steps: number;
  readonly workers: number;
  readonly mutation: string | undefined;
  /** Every planted bug, one after the other. */
  readonly mutations: boolean;
  /** The whole trace that was kept, not only its end. */
  readonly trace: boolean;
  /** This process is one of the workers: it tells its results as JSON lines. */
  readonly worker: boolean;
}

/** Events with faults in one run; after them it is left in peace until it is at rest. */
export const STEPS = 1600;
/** As many seeds as the test of every change runs. */
export const CI_SEEDS = 200;

export const USAGE = `usage: bun run sim [--seed N | --seeds COUNT [--from N]] [--steps M] [--workers W] [--trace]
       bun run sim --mutation NAME | --mutations

  --seed N      one run, with the end of its trace when it finds something (--trace: all that was kept)
  --seeds N     that many runs, one seed each (default ${CI_SEEDS}), beginning with --from (default 1)
  --steps M     events with faults in a run (default ${STEPS})
  --workers W   processes (default 2)
  --mutation    plants this bug and looks for it, seed by seed; --mutations: each of them
`;

/** The command line. Throws what is wrong with it in plain words. */
export function readOptions(args: readonly string[]): SimulationOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      from: { type: "string" },
      steps: { type: "string" },
      workers: { type: "string" },
      mutation: { type: "string" },
      mutations: { type: "boolean" },
      trace: { type: "boolean" },
      worker: { type: "boolean" },
    },
  });
  const { seed } = values;
  return {
    from: whole("--from", seed ?? values.from ?? "1"),
    seeds: whole("--seeds", seed === undefined ? (values.seeds ?? String(CI_SEEDS)) : "1"),
    steps: whole("--steps", values.steps ?? String(STEPS)),
    workers: seed === undefined ? whole("--workers", values.workers ?? "2") : 1,
    mutation: values.mutation,
    mutations: values.mutations ?? false,
    trace: values.trace ?? false,
    worker: values.worker ?? false,
  };
}

function whole(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`${name} must be a whole number from 1, not ${text}`);
  return Number(text);
}
