/** A condition did not come true in time. */
export class WaitTimeoutError extends Error {
  readonly code = "WAIT_TIMEOUT";
  constructor(what: string, timeoutMs: number, options?: ErrorOptions) {
    super(`${what}: not within ${timeoutMs} ms`, options);
    this.name = "WaitTimeoutError";
  }
}

/**
 * Polls until `condition` gives something other than undefined or false, and returns it. Throws
 * WaitTimeoutError, with what the condition threw last as its cause.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  limits: { readonly timeoutMs: number; readonly everyMs?: number },
): Promise<T> {
  const until = performance.now() + limits.timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== false) return value;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > until) throw new WaitTimeoutError(what, limits.timeoutMs, { cause });
    await Bun.sleep(limits.everyMs ?? 10);
  }
}
