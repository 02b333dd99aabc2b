import type { Keys } from "../contract/keys.ts";
import type { DenyReason, HoldReason } from "../contract/reasons.ts";
import type { TradeIntent } from "../contract/trade-intent.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Outcome } from "../exchange/outcome-classes.ts";
import type { FunctionCaller } from "../kernel/function-call.ts";
import type { IntentSource, Owner } from "../kernel/order-ledger.ts";
import type { ResultStreams } from "../kernel/settle-order.ts";
import type { Ending } from "./ending.ts";
import type { EntryRules } from "./entry-rules.ts";
import type { StopOutcome } from "./place-stop.ts";

/** A mark price with its age by our own monotonic clock. */
export interface AgedMark {
  readonly price: string;
  readonly ageMs: number;
}

/** What execution touches, made in cmd/ and handed in: a test or a simulation hands in its own. */
export interface ExecutionParts {
  readonly redis: FunctionCaller;
  readonly keys: Keys;
  readonly streams: ResultStreams;
  readonly exchange: Exchange;
  readonly owner: Owner;
  readonly rules: EntryRules;
  /** Ids of the intents that this process has in work. */
  readonly inHand: Set<string>;
  readonly recvWindowMs: number;
  readonly clock: {
    monotonicMs(): number;
    sleep(ms: number, signal?: AbortSignal): Promise<void>;
  };
  readonly log: ExecutionLog;
  readonly observe: ExecutionObserver;
  /** Since when the present connection to Redis stands (its clock, epoch ms): what is older it may have forgotten. */
  redisSinceMs(): number;
  markOf(symbol: string): AgedMark | undefined;
  /** Why no entry may be sent by this process now (halt file, credentials), besides what Redis says. */
  entriesStopped(): DenyReason | undefined;
  /** Whether the venue is known to have this leverage: nothing needs to be sent before the order. */
  leverageStands(entry: TradeIntent): boolean;
  /** Makes sure the venue has this leverage; a failure is its description. */
  ensureLeverage(entry: TradeIntent): Promise<string | undefined>;
  /** Whether Redis as such is out of service: the consumer waits for it and resumes. */
  isRedisOutage(error: unknown): boolean;
  /** The venue refused our credentials, or took them again. */
  credentialsRefused(refused: boolean): void;
}

export interface ExecutionLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Where numbers for metrics go. */
export interface ExecutionObserver {
  ended(kind: "entry" | "exit", ending: Ending): void;
  wouldHold(reason: HoldReason): void;
  /** What became of the stop that an entry's position is to have at the venue. */
  stop(outcome: StopOutcome["kind"]): void;
  venueOutcome(outcome: Outcome): void;
  orderSent(kind: "entry" | "exit", sinceDecisionMs: number): void;
  failed(): void;
}

/** One intent in work. */
export interface Job {
  readonly intent: TradeIntent;
  readonly kind: "entry" | "exit";
  readonly source: IntentSource;
  /** Gates in audit mode that would have held it so far; counted when it settles. */
  readonly wouldHold: Set<HoldReason>;
  /** Aborts when the process drains: waits end, the intent stays pending and is resumed later. */
  readonly signal: AbortSignal;
}

/** The process drains, the call came too late, or Redis came back meanwhile: the intent stays pending as its ledger has it. */
export class JobPostponed extends Error {
  readonly code = "JOB_POSTPONED";
  constructor(why: string) {
    super(why);
    this.name = "JobPostponed";
  }
}

/** Sleeps, unless the process drains: then the job ends here and is resumed by whoever comes next. */
export async function pause(parts: ExecutionParts, job: Job, ms: number): Promise<void> {
  await parts.clock.sleep(ms, job.signal);
  if (job.signal.aborted) throw new JobPostponed("draining");
}
