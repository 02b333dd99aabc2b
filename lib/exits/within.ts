/** The promise's value if it comes within `ms`, else undefined; the promise itself goes on. */
export async function within<Value>(
  clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> },
  ms: number,
  promise: Promise<Value>,
): Promise<Value | undefined> {
  const over = new AbortController();
  const late = clock.sleep(ms, over.signal).then(() => undefined);
  const first = await Promise.race([promise, late]);
  over.abort();
  return first;
}
