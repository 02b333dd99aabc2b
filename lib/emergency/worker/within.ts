import type { WorkerClock } from "./worker-parts.ts";

/** What the promise resolves to, or undefined when that takes longer than `ms`. Rejects when it does in time. */
export async function within<T>(clock: WorkerClock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  const settled = new AbortController();
  const late = clock.sleep(ms, settled.signal).then(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}
