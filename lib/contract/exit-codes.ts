/** The exit-code table of every binary; units and operators rely on the numbers. */
export const EXIT_CODES = {
  clean: 0,
  crash: 1,
  forced: 2,
  /** EX_USAGE of sysexits. */
  usage: 64,
  dependencyAbsent: 75,
  panicIncomplete: 76,
  configuration: 78,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** What each says to an operator. */
export const EXIT_MEANINGS = {
  clean: "drained and stopped as asked; quantumctl: done, or yes",
  crash:
    "a broken invariant or a dead task: systemd restarts into the recovery path; quantumctl: refused, or no",
  forced: "a second signal, or a drain that took too long",
  usage: "quantumctl: the command line is wrong, or what acts was not confirmed",
  dependencyAbsent: "a oneshot found its dependency absent; quantumctl: Redis does not answer",
  panicIncomplete: "a panic ended with positions open and the venue refuses for good: a restart cannot help",
  configuration: "the configuration is wrong; nothing was started and a restart cannot help",
} as const satisfies Record<keyof typeof EXIT_CODES, string>;
