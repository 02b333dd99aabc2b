import { RedisOutcomeUnknownError } from "./redis-errors.ts";

/** From one loss to the next. */
const SHRUNK_BY = 4;

/**
 * How many pending entries a page has at most. Redis hangs up on a reply that is larger than it lets a client have
 * (client-output-buffer-limit), and asked for the same entries it does so for ever. So pages shrink from the second
 * connection on that goes while one is read, down to one entry; the first may be any outage.
 */
export interface PageSize {
  /** Entries to ask for. */
  now(): number;
  /** A page was asked for in vain. */
  failed(error: unknown): void;
  /** Everything that was pending was read. */
  passed(): void;
}

/** Begins with whole pages. */
export function createPageSize(most: number): PageSize {
  let losses = 0;
  return {
    now: () => Math.max(1, Math.floor(most / SHRUNK_BY ** Math.max(0, losses - 1))),
    failed(error) {
      if (error instanceof RedisOutcomeUnknownError) losses += 1;
    },
    passed() {
      losses = 0;
    },
  };
}
