import { hostname, userInfo } from "node:os";
import { dirname } from "node:path";
import { confirm, isCancel } from "@clack/prompts";
import { z } from "zod";
import { EXIT_CODES, type ExitCode } from "../contract/exit-codes.ts";
import { keysOf, namedStream } from "../contract/keys.ts";
import { buildIdentity } from "../daemon/build-identity.ts";
import { systemClock } from "../daemon/clock.ts";
import { readConfiguration } from "../daemon/configuration.ts";
import { ConfigurationError, describeFault } from "../daemon/configuration-fault.ts";
import type { SettingsOf } from "../daemon/daemon-spec.ts";
import { type Environment, processEnvironment } from "../daemon/environment.ts";
import { venueAccess } from "../daemon/settings-exchange.ts";
import { shownLimits } from "../daemon/settings-limits.ts";
import { createBinanceExchange } from "../exchange/binance-exchange.ts";
import { connectRedis } from "../redis/connection.ts";
import type { CommandContext, Surroundings } from "./command-context.ts";
import { OPERATOR_COMMANDS } from "./commands.ts";
import {
  operatorEnvironment,
  operatorSettings,
  RECOVERY_FILES,
  SETTINGS_FOLDER,
  SettingsFileError,
} from "./operator-settings.ts";
import { printable } from "./printable.ts";
import { runProgram, type Terminal } from "./program.ts";
import { UsageError } from "./usage-error.ts";

/** How long a command waits for Redis before it says that it is not there, ms. */
const REDIS_WAIT_MS = 3000;
/**
 * How long one answer of Redis is waited for, ms: a person looks above all when it is overloaded. A command that works
 * without Redis does not wait longer than a daemon: a panic goes to the worker's socket instead.
 */
const ANSWER_WAIT_MS = { ready: 2500, "as it is": 500 } as const;

class RedisAbsentError extends Error {
  readonly code = "REDIS_ABSENT";
}

/** quantumctl from the command line to the exit code. Ends the process. */
export async function runOperator(): Promise<never> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  let unwritten: string | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `tail | head`: nobody reads any more. A full disk is another matter, and keeps no command from being carried out.
    if (error.code === "EPIPE") stop.abort();
    else unwritten = error.message;
  });
  process.stderr.on("error", () => undefined);
  const terminal = processTerminal();
  const argv = process.argv.slice(2);
  const own = processEnvironment();
  try {
    const code = await runProgram(
      {
        version: `${buildIdentity.version} (${buildIdentity.git})`,
        commands: OPERATOR_COMMANDS,
        terminal,
        world: {
          ...{ clock: systemClock, environment: own, signal: stop.signal },
          ...{ binaries: dirname(process.execPath), who: operatorName(own) },
        },
        openContext,
      },
      argv,
    );
    // What the last line met is told a turn later.
    await systemClock.sleep(0);
    if (unwritten !== undefined) terminal.err(`the answer could not be written: ${unwritten}`);
    return process.exit(unwritten !== undefined && code === EXIT_CODES.clean ? EXIT_CODES.crash : code);
  } catch (error) {
    return process.exit(explain(terminal, error, argv.includes("--json")));
  }
}

function processTerminal(): Terminal {
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    async confirm(question) {
      // On stderr: stdout belongs to what was asked for.
      const answer = await confirm({ message: question, initialValue: false, output: process.stderr });
      return !isCancel(answer) && answer;
    },
  };
}

async function openContext(
  around: Surroundings,
  wanted: "ready" | "as it is",
): Promise<{ readonly context: CommandContext; close(): Promise<void> }> {
  const environment = operatorEnvironment(around.environment, SETTINGS_FOLDER);
  const spec = { role: "quantumctl", settings: operatorSettings } as const;
  const settings = readConfiguration({ spec, environment, hostname: hostname() });
  const redis = connectRedis({
    url: settings.REDIS_URL.reveal(),
    name: "quantumctl",
    deadlineMs: ANSWER_WAIT_MS[wanted],
    ...{ clock: around.clock, random: Math.random, log: silent },
  });
  await redis.whenReady(AbortSignal.any([around.signal, AbortSignal.timeout(REDIS_WAIT_MS)]));
  if (redis.state.kind !== "ready" && wanted === "ready") {
    const why = redis.state.lastError ?? redis.state.kind;
    await redis.close();
    throw new RedisAbsentError(`Redis is not there: ${why}`);
  }
  const keys = keysOf(settings.QUANTUM_NAMESPACE);
  const context: CommandContext = {
    ...around,
    ...{ redis, environment, mode: settings.TRADING_MODE, namespace: settings.QUANTUM_NAMESPACE },
    keys: { ...keys, resultStream: namedStream(keys, settings.EXECUTION_RESULT_STREAM ?? keys.resultStream) },
    exchange: () => createExchange(settings),
    recoveryEnvironment: operatorEnvironment(around.environment, SETTINGS_FOLDER, RECOVERY_FILES),
    instance: settings.QUANTUM_INSTANCE,
    haltFile: settings.HALT_FILE,
    panicSocket: settings.PANIC_SOCKET,
    limits: shownLimits(settings),
  };
  return { context, close: () => redis.close() };
}

const nothing = () => undefined;
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

function createExchange(settings: SettingsOf<typeof operatorSettings>) {
  return createBinanceExchange({ ...venueAccess(settings), fetch, clock: systemClock, log: silent });
}

/** Whoever is behind sudo, if it was used. */
function operatorName(environment: Environment): string {
  return environment["SUDO_USER"] ?? environment["USER"] ?? accountName();
}

/** The account's name; a user id without one is no reason to fail. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown";
  }
}

function explain(terminal: Terminal, error: unknown, json: boolean): ExitCode {
  const told = failureOf(error);
  terminal.err(printable(`quantumctl: ${told.message}${told.hint === "" ? "" : ` → ${told.hint}`}`));
  const { exitCode, ...body } = told;
  if (json) terminal.out(JSON.stringify({ error: body }, undefined, 2));
  return exitCode;
}

function failureOf(error: unknown) {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ConfigurationError) {
    const faults = error.faults.map((fault) => `  ${describeFault(fault)}`);
    return {
      ...{ code: error.code, message: ["the configuration is wrong:", ...faults].join("\n"), hint: "" },
      exitCode: EXIT_CODES.configuration,
    };
  }
  if (error instanceof SettingsFileError)
    return { code: error.code, message, hint: "", exitCode: EXIT_CODES.configuration };
  if (error instanceof UsageError) return { code: error.code, message, hint: "", exitCode: EXIT_CODES.usage };
  if (error instanceof RedisAbsentError) {
    const hint = "systemctl status redis-server; REDIS_URL.";
    return { code: error.code, message, hint, exitCode: EXIT_CODES.dependencyAbsent };
  }
  const code = textOf(error, "code") ?? "FAILED";
  return { code, message, hint: textOf(error, "hint") ?? "", exitCode: EXIT_CODES.crash };
}

function textOf(error: unknown, name: "code" | "hint"): string | undefined {
  return z.looseObject({ [name]: z.string() }).safeParse(error).data?.[name];
}
