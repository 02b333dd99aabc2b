/**
 * The trading path as an operator would start it: compiled binaries, a private Redis, the paper exchange.
 * Demo, chaos tests and benchmarks stand on it; nothing in it knows what they are about.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROLES, type Role } from "../../lib/contract/roles.ts";
import { type ChildProcess, lastLines, startProcess } from "./child-process.ts";
import { type RedisProcess, startRedis } from "./redis-process.ts";
import { waitFor } from "./wait-for.ts";

export type StackRole = "paper-exchange" | "ai-strategy-router" | "execution";

/** One daemon of the stack; it may be ended and started again. */
export interface Daemon {
  readonly role: StackRole;
  readonly url: string;
  readonly process: () => ChildProcess;
  start(): Promise<void>;
}

export interface TradingStack {
  readonly folder: string;
  readonly redis: RedisProcess;
  readonly daemons: Readonly<Record<StackRole, Daemon>>;
  readonly adminToken: string;
  /** Ends every process it started, newest first. */
  stop(): Promise<void>;
}

export interface StackOptions {
  readonly folder: string;
  readonly appendfsync: "always" | "everysec";
  /** Folder with the compiled binaries. */
  readonly binaries: string;
  /** More environment, by role. */
  readonly env?: Partial<Record<StackRole, Readonly<Record<string, string>>>>;
  readonly onStarted?: (name: string) => void;
}

/** A port that was free a moment ago, on loopback. */
export function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

/** Starts everything and waits until every daemon is ready. Throws with the last log lines of who is not. */
export async function startTradingStack(options: StackOptions): Promise<TradingStack> {
  mkdirSync(options.folder, { recursive: true });
  const adminToken = crypto.randomUUID();
  const redis = await startRedis({ folder: options.folder, appendfsync: options.appendfsync });
  options.onStarted?.("redis-server");
  const paperPort = freePort();
  const common = {
    TRADING_MODE: "PAPER",
    REDIS_URL: redis.url,
    EXCHANGE_REST_URL: `http://127.0.0.1:${paperPort}`,
    EXCHANGE_WS_URL: `ws://127.0.0.1:${paperPort}`,
    ADMIN_TOKEN: adminToken,
    HALT_FILE: join(options.folder, "halted"),
    QUANTUM_INSTANCE: "local",
  };
  const daemons = {
    "paper-exchange": daemonOf("paper-exchange", paperPort, common, options),
    "ai-strategy-router": daemonOf("ai-strategy-router", freePort(), common, options),
    execution: daemonOf("execution", freePort(), common, options),
  };
  const stop = async () => {
    for (const role of ["ai-strategy-router", "execution", "paper-exchange"] as const) {
      if (daemons[role].started()) await daemons[role].process().stop();
    }
    await redis.process().stop();
  };
  try {
    for (const daemon of Object.values(daemons)) {
      await daemon.start();
      options.onStarted?.(ROLES[daemon.role].binary);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { folder: options.folder, redis, daemons, adminToken, stop };
}

function daemonOf(
  role: StackRole,
  port: number,
  common: Readonly<Record<string, string>>,
  options: StackOptions,
): Daemon & { started(): boolean } {
  const url = `http://127.0.0.1:${port}`;
  const stateDir = join(options.folder, "state", role);
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
      env: { ...common, ADMIN_PORT: String(port), STATE_DIR: stateDir, ...options.env?.[role] },
      logFile: join(options.folder, `${role}.log`),
    });
    await waitUntilReady(role, url, child);
  };
  return { role, url, process, start, started: () => child !== undefined };
}

async function waitUntilReady(role: Role, url: string, child: ChildProcess): Promise<void> {
  let ended: number | undefined;
  void child.exited.then((code) => {
    ended = code;
  });
  const ready = async () =>
    ended !== undefined || (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
  try {
    await waitFor(`${role} is ready`, ready, { timeoutMs: 15_000 });
  } catch (cause) {
    throw new Error(`${role} did not get ready; its last lines:\n${lastLines(child)}`, { cause });
  }
  if (ended !== undefined)
    throw new Error(`${role} ended with ${ended}; its last lines:\n${lastLines(child)}`);
}
