/** One thing that is wrong with the configuration, for the person who wrote it. */
export type ConfigurationFault =
  | {
      /** The variable, or the file. */
      readonly name: string;
      /** What it says, already redacted; undefined when it is not set. */
      readonly got: string | undefined;
      /** What would be right, in plain words. */
      readonly expected: string;
    }
  | {
      readonly name: string;
      /** Where "got, expected" does not fit: a whole clause. */
      readonly problem: string;
    };

/** The configuration does not do; carries every fault that was found. The process ends with 78. */
export class ConfigurationError extends Error {
  readonly code = "CONFIGURATION";
  readonly faults: readonly ConfigurationFault[];
  constructor(faults: readonly ConfigurationFault[]) {
    super(faults.map(describeFault).join("\n"));
    this.name = "ConfigurationError";
    this.faults = faults;
  }
}

/** `NAME: got "x", expected y`. */
export function describeFault(fault: ConfigurationFault): string {
  if ("problem" in fault) return `${fault.name}: ${fault.problem}`;
  const got = fault.got === undefined ? "is not set" : `got ${JSON.stringify(fault.got)}`;
  return `${fault.name}: ${got}, expected ${fault.expected}`;
}
