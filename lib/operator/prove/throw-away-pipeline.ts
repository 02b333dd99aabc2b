import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { keysOf } from "../../contract/keys.ts";
import { ROLES } from "../../contract/roles.ts";
import { connectRedis, type RedisConnection } from "../../redis/connection.ts";
import type { Surroundings } from "../command-context.ts";
import { type PrivateProcess, startPrivately } from "./private-process.ts";

/** How long each part may take to get ready, ms: a small machine under load, and some more. */
const READY_WITHIN_MS = 30_000;
const POLL_MS = 20;

/** Limits that stand in nobody's way: what is proved here are gates, not rates. */
const ROUTER_ENV = {
  SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "100000",
  SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: "100000",
} as const;
/** A market that stands still where it is put. */
const VENUE_ENV = { PAPER_SPEED: "0", PAPER_BALANCE_USD: "1000000" } as const;

type PipelineRole = "paper-exchange" | "ai-strategy-router" | "execution";

/** Something that the pipeline needs is not there; its message is for the operator. Exit 75. */
export class PipelineError extends Error {
  readonly code = "PIPELINE_NOT_STARTED";
}

/** A trading path of its own, from the compiled binaries that lie beside this one. */
export interface ThrowAwayPipeline extends AsyncDisposable {
  readonly redis: RedisConnection;
  readonly keys: ReturnType<typeof keysOf>;
  /** Orders that the venue ever accepted. */
  orderCount(): Promise<number>;
}

/** Each takes any free port, and says which as it starts. */
const ADMIN_URL = /"admin":"(http:\/\/127\.0\.0\.1:\d+)\/?"/;

const stateSchema = z.object({ orders: z.array(z.unknown()) });

/**
 * Starts redis-server, paper exchange, router and execution in a temporary folder.
 *
 * 1. Nothing of the machine's own system is touched: unix socket, free ports on loopback, PAPER, no credentials,
 *    no environment but what is given here.
 * 2. Whatever happens, every process is ended and the folder is gone before this rejects or is disposed of.
 *
 * Throws PipelineError when a part is missing or does not get ready.
 */
export async function startThrowAwayPipeline(
  around: Pick<Surroundings, "clock" | "binaries" | "signal" | "environment">,
  setup: {
    /** More environment of execution: the gates' settings. */
    readonly gates: Readonly<Record<string, string>>;
    readonly prices: Readonly<Record<string, string>>;
  },
): Promise<ThrowAwayPipeline> {
  const path = around.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin";
  const redisServer = Bun.which("redis-server", { PATH: path });
  if (redisServer === null)
    throw new PipelineError("redis-server is not installed (apt-get install redis-server)");
  const folder = mkdtempSync(join(tmpdir(), "quantum-proof-"));
  const started: PrivateProcess[] = [];
  const urls = new Map<PipelineRole, string>();
  let redis: RedisConnection | undefined;
  const end = async () => {
    await redis?.close();
    for (const one of started.toReversed()) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async (role: PipelineRole, env: Readonly<Record<string, string>>) => {
    const stateDir = join(folder, role);
    mkdirSync(stateDir);
    const one = startPrivately({
      command: [binaryOf(around.binaries, role)],
      env: { ...env, ...commonEnv(folder, urls), ADMIN_PORT: "0", STATE_DIR: stateDir },
      ...{ path, logFile: join(folder, `${role}.log`) },
    });
    started.push(one);
    const ready = async () => {
      const url = ADMIN_URL.exec(one.output())?.[1];
      if (url === undefined) return false;
      urls.set(role, url);
      return (await fetch(`${url}/readyz`, soon())).ok;
    };
    await untilReady(around, one, ready);
  };
  try {
    const server = startPrivately({
      command: [redisServer, ...redisArguments(folder)],
      ...{ env: {}, path, logFile: join(folder, "redis.log") },
    });
    started.push(server);
    const connection = connectRedis({
      ...{ url: `unix://${join(folder, "redis.sock")}`, name: "quantumctl-proof" },
      ...{ clock: around.clock, random: Math.random, log: silent },
    });
    redis = connection;
    await untilReady(around, server, () => Promise.resolve(connection.state.kind === "ready"));
    const keys = keysOf("");
    await connection.command(["SET", keys.kill, "0"]);
    await start("paper-exchange", VENUE_ENV);
    const venueUrl = urls.get("paper-exchange") ?? "";
    for (const [symbol, price] of Object.entries(setup.prices)) await hold(venueUrl, symbol, price);
    await start("ai-strategy-router", ROUTER_ENV);
    await start("execution", setup.gates);
    const orderCount = async () =>
      stateSchema.parse(await (await fetch(`${venueUrl}/paper/state`, soon())).json()).orders.length;
    return { redis: connection, keys, orderCount, [Symbol.asyncDispose]: end };
  } catch (error) {
    await end();
    throw error;
  }
}

const nothing = () => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
const soon = () => ({ signal: AbortSignal.timeout(2000) });

function redisArguments(folder: string): readonly string[] {
  return [
    ...[
      "--port",
      "0",
      "--unixsocket",
      join(folder, "redis.sock"),
      "--unixsocketperm",
      "700",
      "--dir",
      folder,
    ],
    ...["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"],
  ];
}

function commonEnv(
  folder: string,
  urls: ReadonlyMap<PipelineRole, string>,
): Readonly<Record<string, string>> {
  // Of the venue itself nobody asks where the venue is.
  const venue = urls.get("paper-exchange") ?? "http://127.0.0.1:1";
  return {
    ...{
      TRADING_MODE: "PAPER",
      REDIS_URL: `unix://${join(folder, "redis.sock")}`,
      QUANTUM_INSTANCE: "proof",
    },
    ...{ EXCHANGE_REST_URL: venue, EXCHANGE_WS_URL: venue.replace("http", "ws") },
    ...{ HALT_FILE: join(folder, "halted"), QUANTUM_NAMESPACE: "" },
  };
}

function binaryOf(folder: string, role: PipelineRole): string {
  const binary = join(folder, ROLES[role].binary);
  try {
    accessSync(binary, constants.X_OK);
    return binary;
  } catch (cause) {
    throw new PipelineError(`${binary} is missing: the release's binaries must lie beside quantumctl`, {
      cause,
    });
  }
}

async function untilReady(
  { clock, signal }: Pick<Surroundings, "clock" | "signal">,
  one: PrivateProcess,
  ready: () => Promise<boolean>,
): Promise<void> {
  const until = clock.monotonicMs() + READY_WITHIN_MS;
  while (!signal.aborted && one.ended() === undefined && clock.monotonicMs() < until) {
    if (await ready().catch(() => false)) return;
    await clock.sleep(POLL_MS, signal);
  }
  if (signal.aborted) throw new PipelineError("interrupted");
  const how = one.ended() === undefined ? "did not get ready" : `ended with ${one.ended()}`;
  throw new PipelineError(`${one.name} ${how}; its last lines:\n${one.lastLines()}`);
}

async function hold(venueUrl: string, symbol: string, price: string): Promise<void> {
  const reply = await fetch(`${venueUrl}/paper/market`, {
    ...{ method: "POST", headers: { "content-type": "application/json" }, ...soon() },
    body: JSON.stringify({ symbol, price }),
  });
  if (!reply.ok) throw new PipelineError(`the paper exchange refused ${symbol}: ${await reply.text()}`);
}
