/** The exit-code table of every binary; units and operators rely on the numbers. */
export const EXIT_CODES = {
  /** Drained and stopped as asked. */
  clean: 0,
  /** A broken invariant or a dead task: systemd restarts into the recovery path. */
  crash: 1,
  /** A second signal, or a drain that took too long. */
  forced: 2,
  /** quantumctl: the command line is wrong, or what acts was not confirmed (EX_USAGE of sysexits). */
  usage: 64,
  /** A oneshot found its dependency absent. */
  dependencyAbsent: 75,
  /** A panic ended with positions open and the venue refuses for good: a restart cannot help. */
  panicIncomplete: 76,
  /** The configuration is wrong; nothing was started and a restart cannot help. */
  configuration: 78,
} as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];
