import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Keys } from "../../lib/contract/keys.ts";
import { ROLES, type Role } from "../../lib/contract/roles.ts";
import { fetchJson } from "../stack/fetch-json.ts";
import { type RedisEye, type RedisProcess, startRedis } from "../stack/redis-process.ts";
import { freePort } from "../stack/trading-stack.ts";
import { prefillStreams } from "./prefill.ts";
import { type RecoveryRuns, recoveryRuns } from "./recovery-runs.ts";
import { type SupervisedRole, supervisedRole } from "./supervised-role.ts";

/** In the order of their start; RestartSec of each one's unit, ms. */
const RESTART_MS = {
  "paper-exchange": 1000,
  "ai-strategy-router": 3000,
  execution: 3000,
  "emergency-exit-worker": 200,
  "exit-brain": 200,
  "exit-brain-watchdog": 200,
  "safety-telemetry": 3000,
  "audit-logger": 3000,
} as const satisfies Partial<Record<Role, number>>;
export type SoakRole = keyof typeof RESTART_MS;
export const SOAK_ROLES: readonly SoakRole[] = [
  "paper-exchange",
  "ai-strategy-router",
  "execution",
  "emergency-exit-worker",
  "exit-brain",
  "exit-brain-watchdog",
  "safety-telemetry",
  "audit-logger",
];

/** Limits that an ordinary minute stays under and a burst goes over, for a cooldown of a few windows. */
const LIMITS = {
  SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "120",
  SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: "60",
  SAFETY_FAULT_COOLDOWN_SEC: "12",
  MAX_TRADES_10MIN: "100000",
  MIN_HOLD_SECONDS: "0",
  STALE_IDLE_MS: "15000",
};
const VENUE = {
  PAPER_SPEED: "20",
  PAPER_BALANCE_USD: "100000000",
  PAPER_ORDER_LIMIT_10S: "1000000",
  PAPER_ORDER_LIMIT_1M: "1000000",
  PAPER_WEIGHT_LIMIT_1M: "10000000",
};

export interface SoakStack {
  readonly keys: Keys;
  readonly redis: RedisProcess;
  readonly eye: RedisEye;
  readonly venueUrl: string;
  readonly token: string;
  readonly panicSocket: string;
  readonly recovery: RecoveryRuns;
  role(name: SoakRole): SupervisedRole;
  /** Ends every process it started. Returns the roles whose exit code was not 0. */
  stop(): Promise<readonly string[]>;
}

/** Every binary of the system on a private Redis, ready and armed. Throws with the last lines of who is not. */
export async function startSoakStack(options: {
  readonly folder: string;
  readonly binaries: string;
  readonly keys: Keys;
  readonly seed: number;
  /** Streams are at their retention from the start. */
  readonly prefilled: boolean;
  /** Every process can be asked for the size of its heap. */
  readonly inspected?: boolean;
  /** Of every admin server; default: a new one. */
  readonly token?: string;
}): Promise<SoakStack> {
  const { folder, binaries, keys } = options;
  mkdirSync(folder, { recursive: true });
  const redis = await startRedis({ folder, appendfsync: "always" });
  const eye = await redis.eye();
  const token = options.token ?? crypto.randomUUID();
  const ports = new Map<SoakRole, number>(SOAK_ROLES.map((role) => [role, freePort()]));
  const hostOf = (role: SoakRole) => `127.0.0.1:${ports.get(role)}`;
  const panicSocket = join(folder, "panic.sock");
  const common = {
    ...{ TRADING_MODE: "PAPER", REDIS_URL: redis.url, QUANTUM_INSTANCE: "local", ADMIN_TOKEN: token },
    EXCHANGE_REST_URL: `http://${hostOf("paper-exchange")}`,
    EXCHANGE_WS_URL: `ws://${hostOf("paper-exchange")}`,
    HALT_FILE: join(folder, "halted"),
    PANIC_SOCKET: panicSocket,
    EXIT_BRAIN_URL: `http://${hostOf("exit-brain")}`,
    ...{ ...LIMITS, ...VENUE, PAPER_SEED: String(options.seed) },
  };
  const recovery = recoveryRuns({
    command: [join(binaries, ROLES["stream-recover"].binary)],
    env: { ...common, STATE_DIR: join(folder, "state", "stream-recover") },
    logFile: join(folder, "stream-recover.log"),
  });
  const roles = new Map<SoakRole, SupervisedRole>();
  for (const role of SOAK_ROLES) {
    roles.set(
      role,
      supervisedRole({
        ...{ role, folder, binaries, env: common, restartMs: RESTART_MS[role], port: ports.get(role) ?? 0 },
        inspected: options.inspected ?? false,
        ...(role === "execution" ? { before: recovery.run } : {}),
      }),
    );
  }
  const role = (name: SoakRole) => {
    const found = roles.get(name);
    if (found === undefined) throw new Error(`${name} is no role of a soak`);
    return found;
  };
  const stop = async () => {
    redis.process().signal("SIGCONT");
    const failed: string[] = [];
    // Who watches goes first: it would take the end of the others for a failure.
    for (const name of SOAK_ROLES.toReversed()) {
      const code = await role(name).stop();
      if (code !== 0) failed.push(`${name} ended with ${code} when it was told to stop`);
    }
    eye.close();
    await redis.process().stop();
    return failed;
  };
  try {
    if (options.prefilled) await prefillStreams(eye, keys);
    for (const name of SOAK_ROLES) await role(name).start();
    await arm(role("ai-strategy-router").url, token);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...{ keys, redis, eye, token, panicSocket, recovery, role, stop },
    venueUrl: role("paper-exchange").url,
  };
}

async function arm(routerUrl: string, token: string): Promise<void> {
  await fetchJson(`${routerUrl}/v1/kill`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "x-operator": "soak",
    },
    body: JSON.stringify({ engaged: false }),
  });
}
