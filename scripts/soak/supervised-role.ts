import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROLES, type Role } from "../../lib/contract/roles.ts";
import { type ChildProcess, lastLines, startProcess } from "../stack/child-process.ts";
import { freePort } from "../stack/trading-stack.ts";
import { waitFor } from "../stack/wait-for.ts";

/** One life of a process. */
export interface Life {
  readonly number: number;
  readonly process: ChildProcess;
  /** Of the runtime's inspector; undefined: it has none. */
  readonly inspectorUrl: string | undefined;
}

/**
 * What the compilers keep of each function that becomes hot takes more than an hour to be all of it, at these rates,
 * and a leak could not be told from it: everything is interpreted. All of the JIT cannot be off: bun:ffi needs it.
 */
const INTERPRETED = { BUN_JSC_useBaselineJIT: "0", BUN_JSC_useDFGJIT: "0" } as const;

/** A compiled daemon that is started again after every end, as its unit says. */
export interface SupervisedRole {
  readonly role: Role;
  readonly url: string;
  /** Undefined between two lives. */
  life(): Life | undefined;
  /** Ends that nobody asked for: code and last lines. */
  readonly surprises: readonly string[];
  /** Starts it and waits until it is ready. */
  start(): Promise<void>;
  isReady(): Promise<boolean>;
  /** SIGKILL; it comes back by itself. */
  kill(): Promise<void>;
  /** Ends the supervision and the process, by SIGTERM. Returns its exit code. */
  stop(): Promise<number>;
}

export interface RoleOptions {
  readonly role: Role;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly binaries: string;
  /** RestartSec of its unit, ms. */
  readonly restartMs: number;
  /** ExecStartPre of its unit. */
  readonly before?: () => Promise<void>;
  /** Each life listens for an inspector. */
  readonly inspected: boolean;
}

const READY_WITHIN_MS = 60_000;

/** A daemon that is not started yet. */
export function supervisedRole(options: RoleOptions): SupervisedRole {
  const { role, port, folder } = options;
  const url = `http://127.0.0.1:${port}`;
  const stateDir = join(folder, "state", role);
  mkdirSync(stateDir, { recursive: true });
  const inspectorUrl = options.inspected ? `ws://127.0.0.1:${freePort()}/soak` : undefined;
  const surprises: string[] = [];
  const killed = new Set<number>();
  let current: Life | undefined;
  let lives = 0;
  let supervised = true;
  const launch = async () => {
    await options.before?.();
    if (!supervised) return;
    const process = startProcess({
      name: ROLES[role].binary,
      command: [join(options.binaries, ROLES[role].binary)],
      env: {
        ...{ ...options.env, ADMIN_PORT: String(port), STATE_DIR: stateDir },
        ...(inspectorUrl === undefined ? {} : { BUN_INSPECT: inspectorUrl, ...INTERPRETED }),
      },
      logFile: join(folder, `${role}.log`),
    });
    lives += 1;
    current = { number: lives, process, inspectorUrl };
    void process.exited.then(async (code) => {
      current = undefined;
      if (!supervised) return;
      if (!killed.has(process.pid)) surprises.push(`${role} ended with ${code}:\n${lastLines(process, 5)}`);
      await Bun.sleep(options.restartMs);
      if (supervised) await launch();
    });
  };
  const isReady = async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
  return {
    ...{ role, url, surprises, isReady },
    life: () => current,
    start: async () => {
      await launch();
      await waitFor(`${role} is ready`, isReady, { timeoutMs: READY_WITHIN_MS, everyMs: 50 });
    },
    kill: async () => {
      if (current === undefined) return;
      const { process } = current;
      killed.add(process.pid);
      process.signal("SIGKILL");
      await process.exited;
    },
    stop: async () => {
      supervised = false;
      return (await current?.process.stop()) ?? 0;
    },
  };
}
