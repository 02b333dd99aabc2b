/**
 * Waits for a condition, not for time: returns its first truthy value. Throws with `what` when the deadline
 * (default 10 s) passes, and with the condition's own last error when it kept throwing.
 */
export async function waitUntil<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: { readonly deadlineMs?: number; readonly everyMs?: number } = {},
): Promise<Exclude<T, false | undefined | null | 0 | "">> {
  const deadline = performance.now() + (options.deadlineMs ?? 10_000);
  let lastError: unknown;
  while (performance.now() < deadline) {
    try {
      const value = await condition();
      if (isTruthy(value)) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await Bun.sleep(options.everyMs ?? 5);
  }
  throw new Error(`waited in vain until ${what}`, { cause: lastError });
}

function isTruthy<T>(value: T): value is Exclude<T, false | undefined | null | 0 | ""> {
  return Boolean(value);
}
