import { EXIT_CODES, type ExitCode } from "../../lib/contract/exit-codes.ts";
import { keysOf } from "../../lib/contract/keys.ts";
import type { PanicCompletion, PanicEvent } from "../../lib/contract/panic.ts";
import { systemClock } from "../../lib/daemon/clock.ts";
import { readConfiguration } from "../../lib/daemon/configuration.ts";
import { ConfigurationError, describeFault } from "../../lib/daemon/configuration-fault.ts";
import { followPanic } from "../../lib/operator/panic/follow-panic.ts";
import { timelineLines } from "../../lib/operator/panic/timeline-lines.ts";
import { connectRedis } from "../../lib/redis/connection.ts";
import { isRedisError } from "../../lib/redis/redis-errors.ts";
import { optionalTextReply } from "../../lib/redis/reply.ts";
import { PANIC_TEST_HELP, panicTestOptions } from "./panic-test-options.ts";

const REDIS_WITHIN_MS = 3000;
const CONFIRMATION = "panic";

export interface PanicTestSurroundings {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
  say(line: string): void;
  ask(question: string): string;
}

/** The whole tool; returns its exit code, see PANIC_TEST_HELP. */
export async function runPanicTest(around: PanicTestSurroundings): Promise<ExitCode> {
  const { say } = around;
  const options = panicTestOptions(around.args);
  if (typeof options === "string") {
    say(`${options}\n\n${PANIC_TEST_HELP}`);
    return EXIT_CODES.configuration;
  }
  if (options.help) {
    say(PANIC_TEST_HELP);
    return EXIT_CODES.clean;
  }
  const settings = settingsOf(around);
  if (settings === undefined) return EXIT_CODES.configuration;
  const { TRADING_MODE: mode } = settings;
  if (mode === "LIVE" && !options.live) {
    say(
      "TRADING_MODE is LIVE: this closes real positions at market. Nothing was published; --live allows it.",
    );
    return EXIT_CODES.configuration;
  }
  if (!options.yes && !isConfirmed(around, mode)) {
    say("not confirmed, nothing was published");
    return EXIT_CODES.crash;
  }
  const redis = connectRedis({
    ...{ url: settings.REDIS_URL.reveal(), name: "panic-test", clock: systemClock, random: Math.random },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  const event: PanicEvent = {
    ...{ event_id: crypto.randomUUID(), reason: options.reason, ts: systemClock.nowMs() },
    ...({ severity: "CRITICAL", issued_by: "ops" } as const),
  };
  try {
    await redis.whenReady(AbortSignal.timeout(REDIS_WITHIN_MS));
    const keys = keysOf(settings.QUANTUM_NAMESPACE);
    const recorded = optionalTextReply(await redis.command(["GET", keys.mode])) ?? mode;
    if (recorded !== mode) {
      say(`this Redis belongs to mode ${recorded} and TRADING_MODE is ${mode}: nothing was published`);
      return EXIT_CODES.configuration;
    }
    const completion = await followPanic(
      {
        ...{ redis, keys, clock: systemClock },
        workerUrl: options["worker-url"].replace(/\/+$/, ""),
        waitMs: options.wait * 1000,
        onSight: (sight, atMs) => timelineLines(sight, atMs, event.event_id).forEach(say),
      },
      event,
    );
    return verdict(completion, say);
  } catch (error) {
    if (!isRedisError(error)) throw error;
    say(`${event.event_id}: ${error.message}`);
    return EXIT_CODES.dependencyAbsent;
  } finally {
    await redis.close();
  }
}

const quiet = () => undefined;

function settingsOf({ environment, say }: PanicTestSurroundings) {
  try {
    return readConfiguration({
      spec: { role: "quantumctl", settings: {} },
      environment,
      hostname: "panic-test",
    });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    say("the configuration is wrong, nothing was published:");
    for (const fault of error.faults) say(`  ${describeFault(fault)}`);
    return undefined;
  }
}

function isConfirmed({ isTerminal, ask, say }: PanicTestSurroundings, mode: string): boolean {
  if (!isTerminal) {
    say("no terminal to ask: pass --yes");
    return false;
  }
  const question = `Close EVERY position of the ${mode} account at market and halt trading? Type ${CONFIRMATION}:`;
  return ask(question).trim() === CONFIRMATION;
}

function verdict(completion: PanicCompletion | undefined, say: (line: string) => void): ExitCode {
  if (completion?.status === "flat" || completion?.status === "joined") {
    say("trading stays halted: quantumctl halt clear, or DELETE /v1/halt of the worker");
    return EXIT_CODES.clean;
  }
  if (completion?.status === "refused") return EXIT_CODES.crash;
  say(
    completion === undefined
      ? "no completion in time: look at the emergency exit worker, and at the venue itself"
      : "not flat in time: the worker goes on; look at the venue itself",
  );
  return EXIT_CODES.panicIncomplete;
}
