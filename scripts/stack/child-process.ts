import { closeSync, existsSync, openSync, readFileSync } from "node:fs";

/** A process this program started: it is ended by pid, never by name. */
export interface ChildProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<number>;
  /** Sends a signal; a process that is gone is no error. */
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL when it has not ended within `graceMs`. Returns its exit code. */
  stop(graceMs?: number): Promise<number>;
}

/** Starts a program with its output in a file. `env` is the whole environment besides PATH. */
export function startProcess(options: {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
}): ChildProcess {
  const { name, command, logFile } = options;
  const log = openSync(logFile, "a");
  const child = Bun.spawn([...command], {
    env: { PATH: Bun.env["PATH"] ?? "", ...options.env },
    stdin: "ignore",
    stdout: log,
    stderr: log,
  });
  closeSync(log);
  const signal = (which: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(which);
  };
  return {
    name,
    pid: child.pid,
    logFile,
    exited: child.exited,
    signal,
    stop: async (graceMs = 15_000) => {
      signal("SIGCONT");
      signal("SIGTERM");
      const timer = setTimeout(() => signal("SIGKILL"), graceMs);
      const code = await child.exited;
      clearTimeout(timer);
      return code;
    },
  };
}

/** The last lines a process wrote, for the person who has to find out why it did not work. */
export function lastLines(process: ChildProcess, count = 15): string {
  if (!existsSync(process.logFile)) return "";
  return readFileSync(process.logFile, "utf8").trimEnd().split("\n").slice(-count).join("\n");
}
