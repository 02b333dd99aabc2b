import type { Keys } from "../contract/keys.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { RedisCommands } from "../redis/connection.ts";
import type { Statistics } from "../redis/statistics.ts";
import type { DefaultTerms } from "./decide-default-plan.ts";
import type { ExitObserver } from "./metrics.ts";

/** What the exit brain touches, made in cmd/ and handed in: a test or a simulation hands in its own. */
export interface ExitBrainParts {
  readonly redis: RedisCommands;
  readonly keys: Keys;
  readonly exchange: Exchange;
  readonly clock: {
    nowMs(): number;
    monotonicMs(): number;
    sleep(ms: number, signal?: AbortSignal): Promise<void>;
  };
  readonly log: {
    debug(fields: object, message: string): void;
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  readonly observe: ExitObserver;
  readonly statistics: Statistics;
  readonly rules: ExitBrainRules;
  /** The newest mark from the stream, or REST while it is silent. */
  markOf(symbol: string): { readonly price: string; readonly ageMs: number } | undefined;
}

export interface ExitBrainRules {
  readonly defaults: DefaultTerms;
  readonly graceMs: number;
  readonly confirmMs: number;
  readonly holdMinMs: number;
  /** Whether positions have a stop that rests at the venue. */
  readonly protectiveStops: boolean;
  /** Percent of the mark, decimal text. */
  readonly stopStepPct: string;
  readonly recvWindowMs: number;
}
