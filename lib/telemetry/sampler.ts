import type { Keys } from "../contract/keys.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { isRedisOutage, isRedisTrouble, RedisReplyError } from "../redis/redis-errors.ts";
import type { KernelLimits, SampleInput } from "./collector.ts";
import type { CollectorRun } from "./collector-run.ts";
import type { Collectors } from "./collectors.ts";
import type { MetricBoard } from "./metric-board.ts";
import type { Answer } from "./replies.ts";

/**
 * Reads everything there is to show, in one round trip.
 *
 * 1. A sample is one pipeline for all collectors; a second, short one only in a sample that finds an instance of a
 *    role whose name was not known.
 * 2. Nothing is published of a round trip that an outage broke: the values before it stay.
 * 3. A command whose key holds something unexpected fails its collector, and no other.
 * 4. Every command reads, and is bounded: no walk over keys. What several collectors want to know is asked once.
 */
export interface Sampler {
  /** False: Redis did not let it read. Never rejects for a reason that lies in Redis. */
  sample(): Promise<boolean>;
  /** Epoch ms by our clock of the last good one; 0 none. */
  readonly lastGoodMs: number;
  /** Samples and collectors that failed. */
  readonly errors: number;
  /** Whether the last sample was refused or broken, whatever the connection says. */
  readonly refused: boolean;
}

export interface SamplerParts {
  readonly redis: Pick<RedisConnection, "command" | "serverNowMs" | "state">;
  readonly keys: Keys;
  readonly limits: KernelLimits;
  readonly collectors: Collectors;
  readonly board: MetricBoard;
  readonly clock: { nowMs(): number; monotonicMs(): number };
  readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

/** Nothing is read before the first `sample`. */
export function createSampler(parts: SamplerParts): Sampler {
  return new PipelineSampler(parts);
}

class PipelineSampler implements Sampler {
  readonly #parts: SamplerParts;
  lastGoodMs = 0;
  errors = 0;
  refused = false;
  #failing: ReadonlySet<string> = new Set();

  constructor(parts: SamplerParts) {
    this.#parts = parts;
  }

  async sample(): Promise<boolean> {
    const { collectors, clock, board } = this.#parts;
    const beganMs = clock.monotonicMs();
    try {
      await this.#read(Object.values(collectors));
      if (this.#foundInstances()) await this.#read([collectors.roles]);
    } catch (error) {
      if (!isRedisTrouble(error)) throw error;
      this.errors += 1;
      this.refused = true;
      return false;
    }
    this.refused = false;
    this.lastGoodMs = clock.nowMs();
    board.set("quantum_telemetry_sample_duration_seconds", {}, (clock.monotonicMs() - beganMs) / 1000);
    this.#noteFailures();
    return true;
  }

  async #read(runs: readonly CollectorRun<unknown>[]): Promise<void> {
    const { redis } = this.#parts;
    const input = this.#input();
    const asking = new Map<string, Promise<Answer>>();
    const ask = (command: readonly string[]) => {
      const text = command.join(" ");
      const answer = asking.get(text) ?? answerOf(redis.command(command));
      asking.set(text, answer);
      return answer;
    };
    // Handed over in one synchronous run, the commands travel together.
    const asked = runs.map((run) => ({ run, answers: run.commands(input).map(ask) }));
    const answered = await Promise.all(
      asked.map(async ({ run, answers }) => ({ run, answers: await Promise.all(answers) })),
    );
    for (const { run, answers } of answered) run.take(answers, input);
  }

  #input(): SampleInput {
    const { keys, limits, redis, collectors } = this.#parts;
    return {
      ...{ keys, limits, nowMs: redis.serverNowMs(), connectedSinceMs: redis.state.sinceMs },
      instances: collectors.instances.latest?.starts ?? [],
    };
  }

  #foundInstances(): boolean {
    const { instances, roles } = this.#parts.collectors;
    const read = roles.latest?.read ?? [];
    return (instances.latest?.starts ?? []).some(
      ({ role, instance }) => !read.some((one) => one.role === role && one.instance === instance),
    );
  }

  #noteFailures(): void {
    const { collectors, log } = this.#parts;
    const failed = Object.values(collectors).filter(({ failure }) => failure !== undefined);
    this.errors += failed.length;
    for (const { name, failure } of failed) {
      if (!this.#failing.has(name)) log.warn({ collector: name, error: failure }, "a collector failed");
    }
    for (const name of this.#failing) {
      if (!failed.some((one) => one.name === name)) log.info({ collector: name }, "a collector works again");
    }
    this.#failing = new Set(failed.map(({ name }) => name));
  }
}

/** Errors that are about the key at hand are answers; those about Redis as such are thrown. */
async function answerOf(reply: Promise<Answer>): Promise<Answer> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof RedisReplyError && !isRedisOutage(error)) return error;
    throw error;
  }
}
