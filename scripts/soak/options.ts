import { join } from "node:path";
import { parseArgs } from "node:util";
import { SOAK_ROLES, type SoakRole } from "./soak-stack.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Decisions a second. */
  readonly rate: number;
  /** The table, the samples and the plot go here. */
  readonly out: string;
  readonly binaries: string;
  /** Ask every process for a collection now and then, to see what is left. */
  readonly collect: boolean;
  /** A role that gets a leak planted. */
  readonly plant: SoakRole | undefined;
  /** The record of an earlier run, which is judged instead of a new one. */
  readonly from: string | undefined;
  /** Write docs/soak.md and its plots. */
  readonly write: boolean;
  /** Keep logs and the server's files. */
  readonly keep: boolean;
}

function roleNamed(text: string): SoakRole {
  const role = SOAK_ROLES.find((one) => one === text);
  if (role === undefined) throw new RangeError(`--plant: ${text} is none of ${SOAK_ROLES.join(", ")}`);
  return role;
}

export const USAGE = `usage: bun run soak [options]

Every binary under steady load with random faults: everything must add up, and nothing may grow.

  --minutes N       default 60; a process can be judged from 40
  --seed N          of the load and of the faults; default: by the clock, printed
  --rate N          decisions a second; default 5
  --out DIR         where the table, the samples and the plots go; default dist/soak
  --write           write docs/soak.md and its plots as well
  --plant ROLE      plant a leak into a role, which must be found
  --from FILE       judge the soak.json of an earlier run
  --no-collections  leave collecting to the processes; memory is judged by what is resident alone
  --binaries DIR    default dist
  --keep            keep the logs and the server's files
  --help            this text`;

const DIST = join(import.meta.dir, "..", "..", "dist");
const MINUTES_MAX = 7 * 24 * 60;

/** Reads the command line. Throws on what is no number in range. */
export function readSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "60" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      rate: { type: "string", default: "5" },
      out: { type: "string", default: join(DIST, "soak") },
      binaries: { type: "string", default: DIST },
      keep: { type: "boolean", default: false },
      plant: { type: "string" },
      from: { type: "string" },
      write: { type: "boolean", default: false },
      "no-collections": { type: "boolean", default: false },
    },
  });
  const inRange = (name: string, text: string, min: number, max: number) => {
    const value = Number(text);
    if (Number.isFinite(value) && text.trim() !== "" && value >= min && value <= max) return value;
    throw new RangeError(`--${name}: ${JSON.stringify(text)} is no number from ${min} to ${max}`);
  };
  return {
    minutes: inRange("minutes", values.minutes, 1, MINUTES_MAX),
    seed: Math.floor(inRange("seed", values.seed, 0, 4_294_967_295)),
    rate: inRange("rate", values.rate, 0.1, 500),
    out: values.out,
    binaries: values.binaries,
    collect: !values["no-collections"],
    plant: values.plant === undefined ? undefined : roleNamed(values.plant),
    from: values.from,
    write: values.write,
    keep: values.keep,
  };
}
