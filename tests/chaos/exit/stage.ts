import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Keys, keysOf } from "../../../lib/contract/keys.ts";
import { ROLES, type Role } from "../../../lib/contract/roles.ts";
import { type ChildProcess, lastLines, startProcess } from "../../../scripts/stack/child-process.ts";
import { type RedisEye, type RedisProcess, startRedis } from "../../../scripts/stack/redis-process.ts";
import { freePort } from "../../../scripts/stack/trading-stack.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { BINARIES } from "../../support/pipeline.ts";
import { openVenue, type VenueHand } from "./venue-hand.ts";

type Env = Readonly<Record<string, string>>;

/** A role under the harness's care; `supervise` starts it again 200 ms after its end, as systemd does. */
export interface StagedRole {
  readonly url: string;
  readonly process: () => ChildProcess;
  start(): Promise<void>;
  /** SIGKILL; resolves when it is gone. Returns the monotonic time of the kill. */
  kill(): Promise<number>;
  supervise(restartMs?: number): void;
  /** Ends the supervision; the process goes on. */
  release(): void;
  /** Exit codes of its earlier lives, oldest first. */
  readonly ends: readonly number[];
}

/** Everything that runs, and the views a scenario judges by. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly keys: Keys;
  readonly redis: RedisProcess;
  readonly eye: RedisEye;
  readonly venue: VenueHand;
  readonly haltFile: string;
  readonly panicSocket: string;
  readonly token: string;
  readonly venueUrl: string;
  role(name: Role): StagedRole;
  haltFileStands(): boolean;
}

export interface StageOptions {
  /** Started in this order. Default: the emergency chain and execution and router. */
  readonly roles?: readonly Role[];
  readonly env?: Partial<Record<Role, Env>>;
  readonly redisArgs?: readonly string[];
}

const CHAIN: readonly Role[] = [
  "emergency-exit-worker",
  "exit-brain",
  "exit-brain-watchdog",
  "execution",
  "ai-strategy-router",
];

/** A venue whose books are deep and whose prices stand still, so that what moves is the scenario. */
const CALM: Env = { PAPER_SPEED: "0", PAPER_BALANCE_USD: "100000000", PAPER_EXTRA_SYMBOLS: "120" };

/** Starts Redis, venue and roles and waits for each to be ready; trading is armed. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "exit-chaos-"));
  const redis = await startRedis({
    folder,
    appendfsync: "always",
    ...(options.redisArgs === undefined ? {} : { extra: options.redisArgs }),
  });
  const eye = await redis.eye();
  const keys = keysOf("");
  const token = crypto.randomUUID();
  const haltFile = join(folder, "halted");
  const panicSocket = join(folder, "panic.sock");
  const ports = new Map<Role, number>(ALL.map((role) => [role, freePort()]));
  const at = (role: Role) => `http://127.0.0.1:${ports.get(role)}`;
  const venueUrl = at("paper-exchange");
  const common = {
    ...{ TRADING_MODE: "PAPER", REDIS_URL: redis.url, QUANTUM_INSTANCE: "local", ADMIN_TOKEN: token },
    ...{ EXCHANGE_REST_URL: venueUrl, EXCHANGE_WS_URL: venueUrl.replace("http", "ws") },
    ...{ HALT_FILE: haltFile, PANIC_SOCKET: panicSocket },
  };
  const roles = new Map<Role, ReturnType<typeof stagedRole>>();
  for (const role of ALL) {
    const own: Env = {
      ...common,
      ...(role === "paper-exchange" ? CALM : {}),
      ...(role === "exit-brain-watchdog" ? { EXIT_BRAIN_URL: at("exit-brain") } : {}),
      ...options.env?.[role],
    };
    roles.set(role, stagedRole({ role, url: at(role), folder, env: own }));
  }
  const role = (name: Role) => {
    const found = roles.get(name);
    if (found === undefined) throw new Error(`${name} is not on this stage`);
    return found;
  };
  const close = async () => {
    for (const one of roles.values()) one.release();
    for (const one of [...roles.values()].reverse()) await one.end();
    eye.close();
    redis.process().signal("SIGCONT");
    await redis.process().stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eye.command("SET", keys.kill, "0");
    for (const name of ["paper-exchange" as const, ...(options.roles ?? CHAIN)]) await role(name).start();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...{ folder, keys, redis, eye, haltFile, panicSocket, token, venueUrl, role },
    venue: openVenue(venueUrl),
    haltFileStands: () => existsSync(haltFile),
    [Symbol.asyncDispose]: close,
  };
}

const ALL: readonly Role[] = ["paper-exchange", ...CHAIN, "audit-logger"];

function stagedRole(options: { role: Role; url: string; folder: string; env: Env }) {
  const { role, url, folder } = options;
  const stateDir = join(folder, "state", role);
  mkdirSync(stateDir, { recursive: true });
  const ends: number[] = [];
  let child: ChildProcess | undefined;
  let supervised: number | undefined;
  const process = () => {
    if (child === undefined) throw new Error(`${role} was never started`);
    return child;
  };
  const launch = () => {
    const started = startProcess({
      name: role,
      command: [join(BINARIES, ROLES[role].binary)],
      env: { ...options.env, ADMIN_PORT: url.slice(url.lastIndexOf(":") + 1), STATE_DIR: stateDir },
      logFile: join(folder, `${role}.log`),
    });
    child = started;
    void started.exited.then(async (code) => {
      ends.push(code);
      if (supervised === undefined || code === 76 || code === 78 || code === 0) return;
      await Bun.sleep(supervised);
      if (supervised !== undefined) launch();
    });
  };
  return {
    url,
    process,
    ends,
    async start() {
      launch();
      const ready = async () => (await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
      try {
        await waitFor(`${role} is ready`, ready, { timeoutMs: 60_000 });
      } catch (cause) {
        throw new Error(`${role} did not get ready; its last lines:\n${lastLines(process())}`, { cause });
      }
    },
    async kill() {
      const atMs = performance.now();
      process().signal("SIGKILL");
      await process().exited;
      return atMs;
    },
    supervise(restartMs = 200) {
      supervised = restartMs;
    },
    release() {
      supervised = undefined;
    },
    async end() {
      if (child !== undefined) await child.stop(5000);
    },
  };
}
