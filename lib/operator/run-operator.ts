import { hostname } from "node:os";
import { dirname } from "node:path";
import { confirm, isCancel } from "@clack/prompts";
import { EXIT_CODES, type ExitCode } from "../contract/exit-codes.ts";
import { keysOf } from "../contract/keys.ts";
import { buildIdentity } from "../daemon/build-identity.ts";
import { systemClock } from "../daemon/clock.ts";
import { readConfiguration } from "../daemon/configuration.ts";
import { ConfigurationError, describeFault } from "../daemon/configuration-fault.ts";
import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { type Environment, processEnvironment } from "../daemon/environment.ts";
import { createBinanceExchange } from "../exchange/binance-exchange.ts";
import { connectRedis } from "../redis/connection.ts";
import { isRedisError } from "../redis/redis-errors.ts";
import { OPERATOR_COMMANDS } from "./commands.ts";
import type { Desk } from "./desk.ts";
import { operatorEnvironment, operatorSettings, SETTINGS_FILE } from "./operator-settings.ts";
import { runProgram, type Terminal } from "./program.ts";

/** How long a command waits for Redis before it says that it is not there, ms. */
const REDIS_WAIT_MS = 3000;

class RedisAbsentError extends Error {
  readonly code = "REDIS_ABSENT";
}

/** quantumctl from the command line to the exit code. Ends the process. */
export async function runOperator(): Promise<never> {
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const terminal = processTerminal();
  try {
    const code = await runProgram(
      {
        version: `${buildIdentity.version} (${buildIdentity.git})`,
        commands: OPERATOR_COMMANDS,
        terminal,
        openDesk: () => openDesk(terminal, stop.signal),
      },
      process.argv.slice(2),
    );
    return process.exit(code);
  } catch (error) {
    return process.exit(explain(terminal, error));
  }
}

function processTerminal(): Terminal {
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    interactive: process.stdin.isTTY && process.stdout.isTTY,
    async confirm(question) {
      const answer = await confirm({ message: question, initialValue: false });
      return !isCancel(answer) && answer;
    },
  };
}

async function openDesk(
  terminal: Terminal,
  signal: AbortSignal,
): Promise<{ readonly desk: Desk; close(): Promise<void> }> {
  const environment = operatorEnvironment(processEnvironment(), SETTINGS_FILE);
  const spec = { role: "quantumctl", settings: operatorSettings } as const;
  const settings = readConfiguration({ spec, environment, hostname: hostname() });
  const redis = connectRedis({
    url: settings.REDIS_URL.reveal(),
    name: "quantumctl",
    ...{ clock: systemClock, random: Math.random, log: silent },
  });
  await redis.whenReady(AbortSignal.any([signal, AbortSignal.timeout(REDIS_WAIT_MS)]));
  if (redis.state.kind !== "ready") {
    const why = redis.state.lastError ?? redis.state.kind;
    await redis.close();
    throw new RedisAbsentError(`Redis is not there: ${why}`);
  }
  const desk: Desk = {
    redis,
    keys: keysOf(settings.QUANTUM_NAMESPACE),
    mode: settings.TRADING_MODE,
    exchange: () => createExchange(settings),
    who: operatorName(environment),
    instance: settings.QUANTUM_INSTANCE,
    haltFile: settings.HALT_FILE,
    clock: systemClock,
    environment,
    binaries: dirname(process.execPath),
    print: (line) => terminal.out(line),
    signal,
  };
  return { desk, close: () => redis.close() };
}

const nothing = () => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

function createExchange(settings: SettingsOf<typeof operatorSettings>) {
  return createBinanceExchange({
    ...{ mode: settings.TRADING_MODE, restUrl: settings.EXCHANGE_REST_URL?.reveal(), fetch },
    ...{ clock: systemClock, log: silent },
    apiKey: settings.BINANCE_API_KEY?.reveal() ?? "paper",
    apiSecret: settings.BINANCE_API_SECRET?.reveal() ?? "paper",
    requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
    exitReservePct: settings.EXIT_RESERVE_PCT,
  });
}

/** Whoever is behind sudo, if it was used. */
function operatorName(environment: Environment): string {
  return environment["SUDO_USER"] ?? environment["USER"] ?? "unknown";
}

function explain(terminal: Terminal, error: unknown): ExitCode {
  if (error instanceof ConfigurationError) {
    terminal.err("quantumctl: the configuration is wrong:");
    for (const fault of error.faults) terminal.err(`  ${describeFault(fault)}`);
    return EXIT_CODES.configuration;
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = isRedisError(error) && error.hint !== "" ? ` ${error.hint}` : "";
  terminal.err(`quantumctl: ${message}${hint}`);
  return error instanceof RedisAbsentError ? EXIT_CODES.dependencyAbsent : EXIT_CODES.crash;
}
