/**
 * Every key and stream name, built from a namespace: empty gives exactly the contract's names, `{acct-7}`
 * puts every key of one account into one Redis Cluster slot. No key is spelled anywhere else.
 *
 * Names ending in `Prefix` are handed to server-side functions, which append a bucket, a day, a symbol or
 * an id: the hash tag is in the prefix, so what they build stays in the caller's slot.
 */
export function keysOf(namespace: string) {
  const key = (name: string) => `${namespace}${name}`;
  return {
    safeMode: key("quantum:safety:safe_mode"),
    /** Refusals of the standing safe-mode episode that no fault event speaks for yet. */
    safeModeEpisode: key("quantum:safety:episode"),
    rateGlobalPrefix: key("quantum:safety:rate:global:"),
    rateSymbolPrefix: key("quantum:safety:rate:symbol:"),
    rateSymbolsPrefix: key("quantum:safety:rate:symbols:"),
    windowGlobal: key("quantum:safety:window:global"),
    windowSymbolPrefix: key("quantum:safety:window:symbol:"),

    decisionStream: key("quantum:stream:ai.decision.made"),
    intentStream: key("quantum:stream:trade.intent"),
    exitIntentStream: key("quantum:stream:exit.intent"),
    resultStream: key("quantum:stream:execution.result"),
    faultStream: key("quantum:stream:safety.fault"),
    auditStream: key("quantum:stream:audit"),

    messageDedupPrefix: key("quantum:dedup:trade_intent:"),
    intentDedupPrefix: key("quantum:dedup:trade_intent:"),
    orderLedgerPrefix: key("quantum:dedup:order:"),
    /** Sorted set intent_id → ms of the first SUBMITTING: the orders that are not settled yet. */
    openOrders: key("quantum:orders:open"),
    dailyTradesPrefix: key("quantum:governor:daily_trades:"),

    kill: key("quantum:kill"),
    mode: key("quantum:mode"),
    modeAccount: key("quantum:mode:account"),
    rolePrefix: key("quantum:role:"),
    statsPrefix: key("quantum:stats:"),
    drillLast: key("quantum:drill:last"),

    gateLastTradePrefix: key("quantum:gate:last_trade:"),
    gateTrades: key("quantum:gate:trades"),
    /** Hash symbol → intent_id of the entry that is in flight: reserves the symbol's cooldown. */
    gateInFlight: key("quantum:gate:in_flight"),
    positionPlanPrefix: key("quantum:position:plan:"),
    /** Sorted set plan key → ms since which the position lacks its stop at the venue; execution mends them. */
    stopsMissing: key("quantum:stops:missing"),

    panicStream: key("system:panic_close"),
    panicCompletedStream: key("system:panic_close:completed"),
    panicProcessed: key("system:panic_close:processed"),
    heartbeatStream: key("exit_brain:heartbeat"),
    watchdogState: key("exit_brain:watchdog:state"),
    tradingState: key("system:state:trading"),
  } as const;
}

export type Keys = ReturnType<typeof keysOf>;

/** Glob patterns that together match every key of a namespace, for access rights. */
export function keyFamilies(namespace: string): readonly string[] {
  return ["quantum:*", "system:*", "exit_brain:*"].map((family) => `${namespace}${family}`);
}

/**
 * A stream that an operator named, within the namespace of all other keys: a cluster moves a result with its ledger only
 * where both are in one slot. A name that begins with the namespace stays as it is.
 */
export function namedStream(keys: Keys, name: string): string {
  const namespace = keys.kill.slice(0, -keysOf("").kill.length);
  return name.startsWith(namespace) ? name : `${namespace}${name}`;
}

const STREAM_PREFIX = "quantum:stream:";

/**
 * The dead-letter stream of a stream: `quantum:stream:trade.intent` → `quantum:stream:dlq:trade.intent`.
 * The namespace in front is kept.
 */
export function deadLetterStreamOf(stream: string): string {
  const at = stream.indexOf(STREAM_PREFIX);
  if (at < 0) return `${stream}:dlq`;
  return `${stream.slice(0, at)}${STREAM_PREFIX}dlq:${stream.slice(at + STREAM_PREFIX.length)}`;
}
