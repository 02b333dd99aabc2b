import type { Clock } from "./clock.ts";

/** The first cycles after READY still decode code that the next ones need. */
const AFTER_READY_MS = 2000;

interface StartMemory {
  readonly clock: Pick<Clock, "sleep">;
  /** The runtime's: drops code that does not run, and the heap's empty pages. */
  readonly release: () => void;
}

/**
 * Gives back, once, what only the start needed: code that ran once and the heap that grew by it, 2 to 3 of 16 MiB. The
 * runtime does that by itself only for a process that is idle for minutes, which one that looks around all the time
 * never is. It costs about 10 ms of one pause, and code that is used later is decoded anew: not for a role that
 * somebody waits for. Resolves when it is done or the signal aborts.
 */
export async function releaseStartMemory(memory: StartMemory, signal: AbortSignal): Promise<void> {
  await memory.clock.sleep(AFTER_READY_MS, signal);
  if (!signal.aborted) memory.release();
}
