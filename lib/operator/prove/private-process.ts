import { closeSync, openSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/** How long it may drain before it is killed, ms. */
const GRACE_MS = 10_000;
const LAST_LINES = 15;

/** A process of ours for the time of one command. */
export interface PrivateProcess {
  readonly name: string;
  /** Its exit code once it has ended. */
  ended(): number | undefined;
  /** All that it wrote. */
  output(): string;
  /** The end of it. */
  lastLines(): string;
  /** SIGTERM, and SIGKILL for one that does not end. */
  stop(): Promise<void>;
}

/** Starts a program with nothing of our environment but PATH and what is given; its output goes to a file. */
export function startPrivately(options: {
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly path: string;
  readonly logFile: string;
}): PrivateProcess {
  const log = openSync(options.logFile, "a", 0o600);
  const child = Bun.spawn([...options.command], {
    env: { PATH: options.path, ...options.env },
    ...{ stdin: "ignore", stdout: log, stderr: log },
  });
  closeSync(log);
  const output = () => readFileSync(options.logFile, "utf8");
  return {
    name: basename(options.command[0]),
    ended: () => child.exitCode ?? (child.signalCode === null ? undefined : 1),
    output,
    lastLines: () => output().trimEnd().split("\n").slice(-LAST_LINES).join("\n"),
    async stop() {
      child.kill("SIGTERM");
      const killing = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
      await child.exited;
      clearTimeout(killing);
    },
  };
}
