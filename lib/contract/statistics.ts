import type { ResultStatus } from "./execution-result.ts";
import type { CompletionStatus, PanicReason } from "./panic.ts";
import type { AdmissionReason, HoldReason, InvalidDetail } from "./reasons.ts";

/**
 * Fields of the `quantum:stats:<role>` hashes. They are counters that survive restarts and stream
 * trimming; telemetry reads them and nothing else counts the same thing.
 */
export const STATISTICS = {
  /** The router's: all it decided. What is not counted by one of the next fields or as denied was admitted. */
  decisions: "decisions",
  skipped: "skipped",
  exits: "exits",
  deadLetters: "dead_letters",
  /** Entries the server reported as deleted while pending. */
  lost: "lost",
  failOpen: "fail_open",
  faults: "faults",
  denied: (reason: AdmissionReason | string) => `denied:${reason}`,
  invalid: (detail: InvalidDetail) => `invalid:${detail}`,
  /** `others` in place of a symbol for which the hash has no room any more. */
  fault: (symbol: string, reason: string) => `fault:${symbol}:${reason}`,
  held: (reason: HoldReason) => `held:${reason}`,
  /** Gates that would have held, in audit mode. */
  wouldHold: (reason: HoldReason) => `would_hold:${reason}`,
  outcome: (status: ResultStatus) => `outcome:${status}`,
  /** Panics called, by the watchdog's reason. */
  panic: (reason: PanicReason) => `panic:${reason}`,
  /** The emergency exit worker's: completions by status, closing orders by the venue's answer. */
  panicEnded: (status: CompletionStatus) => `panic_ended:${status}`,
  closingOrder: (outcome: "accepted" | "rejected" | "ambiguous") => `closing_order:${outcome}`,
  /** The exit brain's: exit intents by rule, plans it had to make, stops it placed and missed. */
  exitIntent: (rule: string) => `exit:${rule}`,
  planAdopted: (why: string) => `adopted:${why}`,
  /** Execution's: entries by what became of their stop at the venue. */
  stop: (outcome: "rests" | "flat" | "passed" | "missing") => `stop:${outcome}`,
  /** Execution's: stops that were missing and rest now. */
  stopsMended: "stops_mended",
  stopsPlaced: "stops_placed",
  stopsMissing: "stops_missing",
  positionsClosed: "positions_closed",
} as const;
