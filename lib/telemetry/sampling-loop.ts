import type { RedisConnection } from "../redis/connection.ts";
import type { RedisWatch } from "./redis-watch.ts";
import type { Sampler } from "./sampler.ts";

/** A look a second: often enough for somebody who watches, and to notice that Redis is back. */
const TICK_MS = 1000;

export interface SamplingParts {
  readonly sampler: Pick<Sampler, "sample">;
  readonly watch: Pick<RedisWatch, "look">;
  readonly redis: Pick<RedisConnection, "state" | "whenReady">;
  readonly clock: { monotonicMs(): number; sleep(ms: number, signal?: AbortSignal): Promise<void> };
  /** Between two samples while nobody watches. */
  readonly everyMs: number;
  /** The status page: while it is watched, every tick samples; it is told of every tick. */
  readonly status: { watched(): boolean; tick(): Promise<void> };
  progress(): void;
}

/**
 * Samples until the signal aborts: every interval, every tick while somebody watches, and at the first tick after an
 * outage. A tick without Redis is progress, too.
 */
export async function keepSampling(parts: SamplingParts, signal: AbortSignal): Promise<void> {
  const { sampler, watch, redis, clock } = parts;
  let dueMs = clock.monotonicMs();
  let connectedMs: number | undefined;
  while (!signal.aborted) {
    watch.look();
    const nowMs = clock.monotonicMs();
    const { kind, sinceMs } = redis.state;
    // Another connection than the last sample's: an outage that came and went between two ticks counts, too.
    if (sinceMs !== connectedMs) dueMs = nowMs;
    if (kind === "ready" && (nowMs >= dueMs || parts.status.watched())) {
      const good = await sampler.sample();
      if (good) connectedMs = sinceMs;
      // From when it was due and not from now, so that the interval does not drift; never in a burst afterwards.
      if (good && nowMs >= dueMs) dueMs = Math.max(dueMs + parts.everyMs, nowMs);
    }
    await parts.status.tick();
    parts.progress();
    await nextTick(parts, signal);
  }
}

/** A tick, or less when Redis comes back. */
async function nextTick({ redis, clock }: SamplingParts, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const waits = [clock.sleep(TICK_MS, either)];
  if (redis.state.kind !== "ready") waits.push(redis.whenReady(either));
  await Promise.race(waits);
  over.abort();
}
