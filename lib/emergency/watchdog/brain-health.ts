import { z } from "zod";
import type { WatchClock } from "./watch-clock.ts";
import { WATCH_LIMITS_MS } from "./watch-limits.ts";

const POLL_EVERY_MS = 1000;
/** Short of the next poll, so that a brain that hangs is asked three times in three seconds. */
const ANSWER_WITHIN_MS = 900;
const IDLE_LOOK_MS = 100;
/** While heartbeats tell, only to find a wrong address before it matters. */
const IDLE_POLL_EVERY_MS = 10_000;

/** What `/healthz` of a daemon says; fields that are not needed are left aside. */
const healthSchema = z.object({
  role: z.literal("exit-brain"),
  ok: z.literal(true),
  beatAgeMs: z.number().max(WATCH_LIMITS_MS.unguarded),
});

export interface BrainHealthParts {
  /** The exit brain's admin address, without a trailing slash. */
  readonly url: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: { monotonicMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly watchClock: Pick<WatchClock, "nowMs">;
  /** Whether no heartbeat tells how it is. */
  isUnseen(): boolean;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/**
 * Asks the exit brain itself: each second while no heartbeat tells how it is, now and then otherwise. Healthy is only
 * an answer in time, of that role, whose loop has beaten within the limit: a process that answers HTTP while its loop
 * hangs is not.
 */
export class BrainHealth {
  readonly #parts: BrainHealthParts;
  #healthyAtMs: number | undefined;
  #healthy: boolean | undefined;

  constructor(parts: BrainHealthParts) {
    this.#parts = parts;
  }

  /** When the newest healthy answer was asked for, on the watch clock's `nowMs`. */
  healthyAtMs(): number | undefined {
    return this.#healthyAtMs;
  }

  /** Whether the last answer was healthy; undefined before the first. */
  isHealthy(): boolean | undefined {
    return this.#healthy;
  }

  /** Polls until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, watchClock } = this.#parts;
    let idleDueMs = clock.monotonicMs();
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const unseen = this.#parts.isUnseen();
      if (!unseen && startedMs < idleDueMs) {
        await clock.sleep(IDLE_LOOK_MS, signal);
        continue;
      }
      idleDueMs = startedMs + IDLE_POLL_EVERY_MS;
      const askedMs = watchClock.nowMs();
      const healthy = await this.#asksWell(signal);
      if (healthy) this.#healthyAtMs = askedMs;
      if (!signal.aborted) this.#say(healthy);
      if (unseen) await clock.sleep(POLL_EVERY_MS - (clock.monotonicMs() - startedMs), signal);
    }
  }

  #say(healthy: boolean): void {
    const { log, url } = this.#parts;
    if (healthy === this.#healthy) return;
    this.#healthy = healthy;
    if (healthy) log.info({ url }, "the exit brain is healthy by its own word");
    else log.warn({ url }, "no healthy answer of the exit brain: should Redis go away now, that is a panic");
  }

  async #asksWell(signal: AbortSignal): Promise<boolean> {
    const settled = new AbortController();
    const ended = AbortSignal.any([signal, settled.signal]);
    const late = this.#parts.clock.sleep(ANSWER_WITHIN_MS, ended).then(() => false);
    try {
      return await Promise.race([this.#ask(ended), late]);
    } finally {
      settled.abort();
    }
  }

  async #ask(signal: AbortSignal): Promise<boolean> {
    try {
      const response = await this.#parts.fetch(`${this.#parts.url}/healthz`, { redirect: "manual", signal });
      return response.status === 200 && healthSchema.safeParse(await response.json()).success;
    } catch {
      // Refused, reset, not JSON: whatever it was, it was no healthy answer.
      return false;
    }
  }
}
