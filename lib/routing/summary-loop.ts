import type { Keys } from "../contract/keys.ts";
import type { AdmissionLimits } from "../kernel/admit.ts";
import { CallExpiredError, type FunctionCaller } from "../kernel/function-call.ts";
import { summariseRefusals } from "../kernel/summarise-refusals.ts";
import { isRedisError } from "../redis/redis-errors.ts";

const EVERY_MS = 1000;

/** Speaks for what safe mode refused once nothing else will; Redis errors are waited out. */
export async function keepSummarising(
  parts: {
    readonly redis: FunctionCaller;
    readonly keys: Keys;
    readonly limits: AdmissionLimits;
    readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
    readonly log: { debug(fields: object, message: string): void };
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await summariseRefusals(parts.redis, parts.keys, parts.limits);
    } catch (error) {
      if (!isRedisError(error) && !(error instanceof CallExpiredError)) throw error;
      parts.log.debug({ error: error.message }, "refusals not summarised");
    }
    await parts.clock.sleep(EVERY_MS, signal);
  }
}
