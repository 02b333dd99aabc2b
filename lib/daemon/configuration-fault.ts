/** One thing that is wrong with the configuration, for the person who wrote it. */
export interface ConfigurationFault {
  /** The variable, or the file. */
  readonly name: string;
  /** What it says, already redacted; undefined when it is not set. */
  readonly got: string | undefined;
  /** What would be right, in plain words. */
  readonly expected: string;
}

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
  const got = fault.got === undefined ? "is not set" : `got ${JSON.stringify(fault.got)}`;
  return `${fault.name}: ${got}, expected ${fault.expected}`;
}
