/**
 * Half of what a test has: a wait in vain ends with its own words, and what a loaded machine takes is no failure. A
 * bound on time that a test claims is asserted beside the wait, never by a shorter one.
 */
const PATIENCE_MS = 60_000;

/**
 * Waits for a condition, not for time: returns its first truthy value. Throws with `what` when the deadline
 * (default 60 s) passes, and with the condition's own last error when it kept throwing.
 */
export async function waitUntil<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: { readonly deadlineMs?: number; readonly everyMs?: number } = {},
): Promise<Exclude<T, false | undefined | null | 0 | "">> {
  const deadline = performance.now() + (options.deadlineMs ?? PATIENCE_MS);
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
