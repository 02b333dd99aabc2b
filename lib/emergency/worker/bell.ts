/** Wakes whoever waits for "something changed". */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or as soon as the signal aborts. Never rejects. */
  next(signal: AbortSignal): Promise<void>;
}

/** Silent until rung; a ring that nobody waits for is not kept. */
export function createBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    ring() {
      for (const wake of [...waiting]) wake();
    },
    next(signal) {
      if (signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener("abort", wake);
      });
    },
  };
}
