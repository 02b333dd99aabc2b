/**
 * Runs tasks that belong together until the signal aborts. The first that rejects, or ends although nobody
 * asked it to, stops the others; what it rejected with is thrown after all have ended: a dead task never
 * leaves a process behind that looks alive.
 */
export async function runTogether(
  signal: AbortSignal,
  tasks: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>,
): Promise<void> {
  const failure = new AbortController();
  const together = AbortSignal.any([signal, failure.signal]);
  let cause: unknown;
  const run = async (name: string, task: (signal: AbortSignal) => Promise<void>) => {
    try {
      await task(together);
      if (!together.aborted) throw new Error(`task ${name} ended by itself`);
    } catch (error) {
      if (!failure.signal.aborted) cause = error;
      failure.abort();
    }
  };
  await Promise.all(Object.entries(tasks).map(([name, task]) => run(name, task)));
  if (failure.signal.aborted) throw cause;
}
