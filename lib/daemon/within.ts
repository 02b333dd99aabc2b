import type { Clock } from "./clock.ts";

/**
 * What the promise resolves to, or undefined when that takes longer than `ms`; the promise itself goes on. Rejects
 * when it does in time.
 */
export async function within<Value>(
  clock: Pick<Clock, "sleep">,
  ms: number,
  promise: Promise<Value>,
): Promise<Value | undefined> {
  const settled = new AbortController();
  const late = clock.sleep(ms, settled.signal).then(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}
