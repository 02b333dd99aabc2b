/**
 * The trading path as an operator would start it: compiled binaries, a private Redis, the paper exchange.
 * Demo, chaos tests and benchmarks stand on it; nothing in it knows what they are about.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROLES } from "../../lib/contract/roles.ts";
import { abortable } from "./abortable.ts";
import type { ChildProcess } from "./child-process.ts";
import { type Daemon, daemonOf } from "./daemon.ts";
import { type RedisProcess, startRedis } from "./redis-process.ts";

export type StackRole = "paper-exchange" | "ai-strategy-router" | "execution";

export interface TradingStack {
  readonly folder: string;
  readonly redis: RedisProcess;
  readonly daemons: Readonly<Record<StackRole, Daemon>>;
  readonly adminToken: string;
  /** What every daemon of the stack is told, for those who join it later. */
  readonly environment: Readonly<Record<string, string>>;
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
  readonly onStarted?: (name: string, process: ChildProcess) => void;
  /** Aborted: what has been started is stopped, and the start throws its reason. */
  readonly signal?: AbortSignal;
}

/** Below the ports that the kernel gives out by itself (net.ipv4.ip_local_port_range). */
const PORTS = { first: 15_000, count: 17_000 } as const;

/**
 * A port of loopback that nobody listens on, for this process and what it starts: reserved until this process ends
 * against everyone who asks here, by a name that only one process of the machine can have at a time. A port that was
 * merely free a moment ago is somebody else's before a daemon listens on it, or between two of its lives.
 */
export function freePort(): number {
  const silent = { data: () => {} };
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    try {
      const reserved = Bun.listen({ unix: `\0quantum-port-${port}`, socket: silent });
      reserved.unref();
      Bun.listen({ hostname: "127.0.0.1", port, socket: silent }).stop(true);
      return port;
    } catch {
      // Reserved by another process, or in use by a program that reserves nothing.
    }
  }
}

/** Starts everything and waits until every daemon is ready. Throws with the last log lines of who is not. */
export async function startTradingStack(options: StackOptions): Promise<TradingStack> {
  mkdirSync(options.folder, { recursive: true });
  const adminToken = crypto.randomUUID();
  const redis = await startRedis({ folder: options.folder, appendfsync: options.appendfsync });
  options.onStarted?.("redis-server", redis.process());
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
  const daemon = (role: StackRole, port: number) =>
    daemonOf({ ...options, role, port, env: { ...common, ...options.env?.[role] } });
  const daemons = {
    "paper-exchange": daemon("paper-exchange", paperPort),
    "ai-strategy-router": daemon("ai-strategy-router", freePort()),
    execution: daemon("execution", freePort()),
  };
  const stop = async () => {
    for (const role of ["ai-strategy-router", "execution", "paper-exchange"] as const) {
      await daemons[role].stop();
    }
    await redis.process().stop();
  };
  try {
    for (const one of Object.values(daemons)) {
      await abortable(one.start(), options.signal);
      options.onStarted?.(ROLES[one.role].binary, one.process());
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { folder: options.folder, redis, daemons, adminToken, environment: common, stop };
}
