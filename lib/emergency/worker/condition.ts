/** A condition variable. */
export interface Condition {
  notifyAll(): void;
  /** Resolves at the next notification, or as soon as the signal aborts. Never rejects. */
  wait(signal: AbortSignal): Promise<void>;
}

/** A notification that nobody waits for is not kept. */
export function createCondition(): Condition {
  const waiting = new Set<() => void>();
  return {
    notifyAll() {
      for (const wake of [...waiting]) wake();
    },
    wait(signal) {
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
