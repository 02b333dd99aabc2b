import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "./wait-until.ts";

/** A daemon as a process of its own, with an environment of its own and nothing else. */
export interface DaemonProcess extends AsyncDisposable {
  readonly pid: number;
  readonly stateDir: string;
  /** The JSON lines so far. */
  lines(): readonly Readonly<Record<string, unknown>>[];
  stderr(): string;
  /** Where the admin server listens; waits until it does. */
  url(): Promise<string>;
  /** Waits for a line with this message. */
  said(message: string): Promise<Readonly<Record<string, unknown>>>;
  kill(signal: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

export interface DaemonProcessOptions {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: a new one, removed at the end. */
  readonly stateDir?: string;
}

/** Starts it in PAPER mode on any free port, unless the environment says otherwise. */
export async function startDaemon(options: DaemonProcessOptions): Promise<DaemonProcess> {
  const stateDir = options.stateDir ?? (await mkdtemp(join(tmpdir(), "quantum-state-")));
  const child = Bun.spawn([...options.command], {
    env: { TRADING_MODE: "PAPER", ADMIN_PORT: "0", STATE_DIR: stateDir, ...options.environment },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const output = { stdout: "", stderr: "" };
  const reading = Promise.all([keep(child.stdout, output, "stdout"), keep(child.stderr, output, "stderr")]);
  const lines = () =>
    output.stdout
      .split("\n")
      .slice(0, -1)
      .map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
  const said = (message: string) =>
    waitUntil(`the daemon says "${message}"`, () => lines().find((line) => line["msg"] === message));
  return {
    pid: child.pid,
    stateDir,
    lines,
    said,
    stderr: () => output.stderr,
    url: async () => String((await said("started"))["admin"]),
    kill: (signal) => child.kill(signal),
    exited: child.exited.then(async (code) => {
      await reading;
      return code;
    }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      if (options.stateDir === undefined) await rm(stateDir, { recursive: true, force: true });
    },
  };
}

async function keep(
  stream: ReadableStream<Uint8Array>,
  output: { stdout: string; stderr: string },
  name: "stdout" | "stderr",
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) output[name] += decoder.decode(chunk, { stream: true });
}
