/**
 * The entries that were handed out and are not settled.
 *
 * 1. An id is in here once at most; what is in here is not handed out again.
 * 2. A page that was asked for before an entry settled may still show it as pending: an observation
 *    started before the request also knows what settled since.
 */
export interface InFlight {
  readonly size: number;
  has(id: string): boolean;
  /** Hands these out together. Throws when one of them is in flight already. */
  add(ids: readonly string[]): void;
  remove(ids: readonly string[]): void;
  /** Start it before the request, ask it with the reply, end it. */
  observe(): Observation;
  /** Ms since the oldest was handed out; 0 without any. */
  oldestAgeMs(): number;
  /** Resolves at the next removal. */
  changed(): Promise<void>;
}

interface Observation {
  knows(id: string): boolean;
  end(): void;
}

/** Empty; ages by the given monotonic clock. */
export function createInFlight(clock: { monotonicMs(): number }): InFlight {
  /** Insertion order is hand-out order, so the first is the oldest. */
  const since = new Map<string, number>();
  const settledDuring = new Set<Set<string>>();
  let change = Promise.withResolvers<void>();
  return {
    get size() {
      return since.size;
    },
    has: (id) => since.has(id),
    add(ids) {
      const nowMs = clock.monotonicMs();
      for (const id of ids) {
        if (since.has(id)) throw new Error(`entry ${id} is in flight already`);
        since.set(id, nowMs);
      }
    },
    remove(ids) {
      for (const id of ids) since.delete(id);
      for (const settled of settledDuring) for (const id of ids) settled.add(id);
      change.resolve();
      change = Promise.withResolvers();
    },
    observe() {
      const settled = new Set<string>();
      settledDuring.add(settled);
      return {
        knows: (id) => since.has(id) || settled.has(id),
        end: () => settledDuring.delete(settled),
      };
    },
    oldestAgeMs() {
      for (const at of since.values()) return clock.monotonicMs() - at;
      return 0;
    },
    changed: () => change.promise,
  };
}
