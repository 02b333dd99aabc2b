import type { Keys } from "./keys.ts";

/** What a key, or every key under a prefix, holds and how long it lives. */
export interface KeyFacts {
  readonly type: "string" | "hash" | "list" | "stream" | "sorted set";
  readonly meaning: string;
  /** When it expires. */
  readonly lifetime: string;
  /** Of a key that may stand without a lifetime: what keeps its size, or their number, bounded all the same. */
  readonly bound?: string;
}

const STREAM = { type: "stream", lifetime: "none", bound: "its retention, below" } as const;
const SINGLE = { lifetime: "none", bound: "one value" } as const;

/** Every key of the contract: one that may last without a lifetime says what bounds it. */
export const KEY_FACTS = {
  safeMode: {
    ...{ type: "string", meaning: '"1": the circuit breaker is open' },
    ...{ lifetime: "the cooldown; none when an operator set it so", bound: "one value" },
  },
  safeModeEpisode: {
    type: "hash",
    meaning: "refusals that no fault event speaks for yet",
    lifetime: "1 day",
  },
  rateGlobalPrefix: { type: "string", meaning: "intents in a bucket", lifetime: "window + 2 s" },
  rateSymbolPrefix: { type: "string", meaning: "intents of a symbol in a bucket", lifetime: "window + 2 s" },
  rateSymbolsPrefix: {
    type: "sorted set",
    meaning: "symbols by intents in a bucket",
    lifetime: "window × 3",
  },
  windowGlobal: { type: "list", meaning: "the newest admissions (ms)", lifetime: "window + 2 s" },
  windowSymbolPrefix: { type: "list", meaning: "the same, one symbol", lifetime: "window + 2 s" },
  decisionStream: { ...STREAM, meaning: "decisions" },
  intentStream: { ...STREAM, meaning: "admitted entries" },
  exitIntentStream: { ...STREAM, meaning: "exits" },
  resultStream: { ...STREAM, meaning: "one result an intent" },
  faultStream: { ...STREAM, meaning: "trips and summarised refusals" },
  auditStream: { ...STREAM, meaning: "operators' changes" },
  messageDedupPrefix: { type: "string", meaning: "a decision's message was handled", lifetime: "300 s" },
  intentDedupPrefix: { type: "string", meaning: "an intent was published", lifetime: "1 day" },
  orderLedgerPrefix: {
    ...{ type: "hash", meaning: "how far an intent is" },
    ...{ lifetime: "1 day from its end; none before", bound: "the intents that have not ended" },
  },
  openOrders: {
    ...{ type: "sorted set", meaning: "intents that were submitted and have not ended" },
    ...{ lifetime: "none", bound: "an end removes its member" },
  },
  dailyTradesPrefix: { type: "string", meaning: "intents of a UTC day", lifetime: "midnight + 3600 s" },
  kill: { ...SINGLE, type: "string", meaning: '"0": trading may open positions' },
  mode: { ...SINGLE, type: "string", meaning: "PAPER, TESTNET or LIVE" },
  modeAccount: { ...SINGLE, type: "string", meaning: "the account's fingerprint" },
  rolePrefix: { type: "hash", meaning: "an instance is alive", lifetime: "30 s" },
  statsPrefix: {
    ...{ type: "hash", meaning: "counters of a role" },
    ...{ lifetime: "none", bound: "one a role; its fields are bounded where they are counted" },
  },
  drillLast: { ...SINGLE, type: "hash", meaning: "time and evidence of the last drill" },
  gateLastTradePrefix: {
    type: "string",
    meaning: "a symbol's last fill or close (ms)",
    lifetime: "MIN_HOLD_SECONDS",
  },
  gateTrades: { type: "sorted set", meaning: "trades of the last 600 s", lifetime: "600 s" },
  gateInFlight: {
    ...{ type: "hash", meaning: "the entry of a symbol that is in flight" },
    ...{ lifetime: "none", bound: "an end removes its field" },
  },
  positionPlanPrefix: {
    ...{ type: "hash", meaning: "a position's stop, target, trail and time" },
    ...{ lifetime: "none", bound: "one a position; deleted at its close" },
  },
  stopsMissing: {
    ...{ type: "sorted set", meaning: "plans whose stop does not rest at the venue" },
    ...{ lifetime: "none", bound: "one a plan; mending removes it" },
  },
  panicStream: { ...STREAM, meaning: "panics called", bound: "kept for ever: a panic is rare" },
  panicCompletedStream: { ...STREAM, meaning: "panics' ends" },
  panicProcessed: {
    ...{ type: "hash", meaning: "panics begun and done" },
    ...{ lifetime: "none", bound: "one field a panic: a panic is rare" },
  },
  heartbeatStream: { ...STREAM, meaning: "the exit brain's beats" },
  watchdogState: { ...SINGLE, type: "hash", meaning: "the watchdog's state and its latch" },
  tradingState: { ...SINGLE, type: "hash", meaning: "the halt" },
} as const satisfies Record<keyof Keys, KeyFacts>;
