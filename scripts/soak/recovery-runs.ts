import { closeSync, openSync } from "node:fs";

/** The oneshot, run as its timer does. */
export interface RecoveryRuns {
  /** One run; resolves when it has ended. */
  run(): Promise<void>;
  readonly count: () => number;
  /** Runs that ended with another code than 0. */
  readonly failures: readonly string[];
}

/** What is started is ended after this: a run of it takes well under a second. */
const RUN_MS_MAX = 60_000;

/** Prepares runs of the compiled stream recovery. */
export function recoveryRuns(options: {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}): RecoveryRuns {
  const failures: string[] = [];
  let count = 0;
  return {
    failures,
    count: () => count,
    run: async () => {
      const log = openSync(options.logFile, "a");
      const child = Bun.spawn([...options.command], {
        ...{
          env: { PATH: Bun.env["PATH"] ?? "", ...options.env },
          stdin: "ignore",
          stdout: log,
          stderr: log,
        },
        ...{ timeout: RUN_MS_MAX, killSignal: "SIGKILL" },
      });
      closeSync(log);
      const code = await child.exited;
      count += 1;
      if (code !== 0) failures.push(`stream-recover ended with ${code}`);
    },
  };
}
