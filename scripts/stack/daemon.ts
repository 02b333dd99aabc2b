import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROLES, type Role } from "../../lib/contract/roles.ts";
import { type ChildProcess, lastLines, startProcess } from "./child-process.ts";
import { waitFor } from "./wait-for.ts";

/** One compiled daemon; it may be ended and started again. */
export interface Daemon {
  readonly role: Role;
  readonly url: string;
  readonly process: () => ChildProcess;
  /** Resolves when it is ready. Throws with its last log lines when it does not get ready. */
  start(): Promise<void>;
  /** SIGTERM; nothing to do where it was never started. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  readonly role: Role;
  /** Of its admin server; the paper exchange's own. */
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** Its log and its state go here. */
  readonly folder: string;
  /** Folder with the compiled binaries. */
  readonly binaries: string;
}

/** A daemon that is not started yet. */
export function daemonOf(options: DaemonOptions): Daemon {
  const { role, port, folder } = options;
  const url = `http://127.0.0.1:${port}`;
  const stateDir = join(folder, "state", role);
  mkdirSync(stateDir, { recursive: true });
  let child: ChildProcess | undefined;
  const process = () => {
    if (child === undefined) throw new Error(`${role} was never started`);
    return child;
  };
  const start = async () => {
    child = startProcess({
      name: ROLES[role].binary,
      command: [join(options.binaries, ROLES[role].binary)],
      env: { ADMIN_PORT: String(port), STATE_DIR: stateDir, ...options.env },
      logFile: join(folder, `${role}.log`),
    });
    await waitUntilReady(role, url, child);
  };
  return {
    ...{ role, url, process, start },
    stop: async () => {
      if (child !== undefined) await child.stop();
    },
  };
}

async function waitUntilReady(role: Role, url: string, child: ChildProcess): Promise<void> {
  let ended: number | undefined;
  void child.exited.then((code) => {
    ended = code;
  });
  const ready = async () =>
    ended !== undefined || (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
  try {
    await waitFor(`${role} is ready`, ready, { timeoutMs: 60_000 });
  } catch (cause) {
    throw new Error(`${role} did not get ready; its last lines:\n${lastLines(child)}`, { cause });
  }
  if (ended !== undefined)
    throw new Error(`${role} ended with ${ended}; its last lines:\n${lastLines(child)}`);
}
