/**
 * Every metric of quantum-safety-telemetry. Rules, dashboards and collectors name nothing else: a metric that
 * does not stand here, or a label that it does not have, does not compile.
 *
 * `source` says which kind of value it is:
 * - `sample`: read from Redis at the last sample. Absent until the first one, so that a counter never seems to
 *   jump from 0; while Redis is gone the last value stays.
 * - `process`: of the exporter itself, true at the moment of the scrape.
 *
 * No label is called `instance`: Prometheus has its own of that name and would rename ours.
 */
export const CATALOGUE = {
  quantum_safety_safe_mode: gauge("1: safe mode is on, entries are denied; exits pass.", "bool"),
  quantum_safety_safe_mode_ttl_seconds: gauge(
    "Seconds until safe mode ends by itself; -1 no end, -2 not set.",
    "seconds",
  ),
  quantum_safety_fault_stream_length: gauge("Entries in the fault stream.", "entries"),
  quantum_safety_faults_last_1h: gauge(
    "Fault events of the last 3600 s, at most FAULT_LOOKBACK_MAX.",
    "entries",
  ),
  quantum_safety_last_fault_timestamp: gauge(
    "When the newest fault event was written, epoch seconds; 0 never.",
    "epoch_seconds",
  ),
  quantum_safety_last_fault_info: gauge("1; the labels are those of the newest fault event.", "info", [
    "reason",
    "side",
    "symbol",
  ]),
  quantum_trade_intent_stream_length: gauge("Entries in the intent stream.", "entries"),
  quantum_trade_intent_rate_per_min: gauge(
    "Intents published a minute, over the last minute at least; absent until two samples are known.",
    "per_minute",
  ),
  quantum_safety_rate_global_current_window: gauge("Intents counted in the current rate bucket.", "intents"),
  quantum_safety_rate_symbol_top: gauge("Intents of the busiest symbols in the current bucket.", "intents", [
    "rank",
    "symbol",
  ]),
  quantum_safety_rate_symbol_top5_info: gauge(
    "1; the busiest symbols of the current bucket, or none.",
    "info",
    ["symbols"],
  ),
  quantum_safety_redis_up: own("gauge", "1 while the exporter can read Redis.", "bool"),
  quantum_safety_redis_last_error_timestamp: own(
    "gauge",
    "When Redis was last found unreachable, hung or refusing, epoch seconds; 0 never.",
    "epoch_seconds",
  ),
  quantum_safety_exporter_scrapes_total: own("counter", "Scrapes answered.", "count"),
  quantum_safety_exporter_errors_total: own("counter", "Samples and collectors that failed.", "count"),
  quantum_safety_exporter_build_info: own(
    "gauge",
    "1; the labels say which build of the exporter runs, and where.",
    "info",
    ["version", "deployment", "git"],
  ),

  quantum_safety_faults_total: counter(
    "Fault events ever counted; survives restarts and the trimming of the stream.",
    "count",
    ["symbol", "reason"],
  ),
  quantum_safety_fault_events_total: counter(
    "The same over all symbols and reasons; there from the first sample on, so that no first burst is missed.",
    "count",
  ),
  quantum_fail_open_total: counter("Entries admitted without the shared rate counters.", "count"),
  quantum_denials_total: counter("Decisions and intents denied by us.", "count", ["role", "reason"]),
  quantum_holds_total: counter("Entries held by a profit gate.", "count", ["gate"]),
  quantum_would_hold_total: counter("Entries that a gate in audit mode let pass.", "count", ["gate"]),
  quantum_orders_total: counter("Intents by how they ended; each ends once.", "count", ["outcome"]),
  quantum_dead_letters_total: counter("Entries put aside as undecodable or failing.", "count", ["role"]),

  quantum_trading_halted: gauge("1: a panic halted trading and nobody cleared it.", "bool"),
  quantum_kill_switch_engaged: gauge("1: entries are denied; quantum:kill is not exactly 0.", "bool"),
  quantum_panic_open_age_seconds: gauge(
    "Age of the oldest panic that is neither flat, joined, refused nor cleared by an operator; 0 none.",
    "seconds",
  ),
  quantum_exit_brain_heartbeat_age_seconds: gauge(
    "Age of the exit brain's newest heartbeat; +Inf when there has been none.",
    "seconds",
  ),
  quantum_exit_brain_degraded: gauge("1: the newest heartbeat says DEGRADED.", "bool"),
  quantum_open_positions: gauge("Open positions, as the newest heartbeat says.", "positions"),
  quantum_positions_without_stop: gauge(
    "Positions whose protective stop does not rest at the venue although it should.",
    "positions",
  ),
  quantum_positions_without_stop_oldest_age_seconds: gauge(
    "For how long the longest of them has been without its stop; 0 none.",
    "seconds",
  ),
  quantum_watchdog_state: gauge("1 for the state the exit brain's watchdog is in.", "bool", ["state"]),

  quantum_stream_length: gauge("Entries in a stream of the contract.", "entries", ["stream"]),
  quantum_stream_entries_added_total: counter("Entries ever added to a stream of the contract.", "entries", [
    "stream",
  ]),
  quantum_stream_group_lag: gauge(
    "Entries that a group has not been given yet; absent while Redis cannot tell.",
    "entries",
    ["stream", "group"],
  ),
  quantum_stream_group_pending: gauge("Entries delivered and not acknowledged.", "entries", [
    "stream",
    "group",
  ]),
  quantum_stream_group_oldest_pending_age_seconds: gauge(
    "Age of the oldest entry that is delivered and not acknowledged; 0 none.",
    "seconds",
    ["stream", "group"],
  ),
  quantum_stream_group_lag_unknown: gauge(
    "1: Redis cannot tell how far the group is behind, or the group is missing.",
    "bool",
    ["stream", "group"],
  ),
  quantum_stream_group_trimmed_unread: gauge(
    "Entries that were trimmed before the group was given them; a lower bound while it catches up.",
    "entries",
    ["stream", "group"],
  ),

  quantum_redis_memory_used_bytes: gauge("Memory that Redis has allocated.", "bytes"),
  quantum_redis_memory_max_bytes: gauge("maxmemory of Redis; +Inf where there is none.", "bytes"),

  quantum_orders_in_doubt: gauge("Orders that were sent and are not settled.", "orders"),
  quantum_orders_in_doubt_oldest_age_seconds: gauge("Age of the oldest of them; 0 none.", "seconds"),
  quantum_daily_trades_used: gauge("Intents accepted this UTC day.", "trades"),
  quantum_daily_trades_limit: gauge("GOVERNOR_MAX_DAILY_TRADES in this mode.", "trades"),

  quantum_role_up: gauge("1: an instance of the role has beaten in the last 30 s.", "bool", ["role"]),
  quantum_role_beat_age_seconds: gauge("Age of the newest beat of an instance.", "seconds", [
    "role",
    "role_instance",
  ]),
  quantum_role_restarts_total: counter("Starts of an instance after its first.", "count", [
    "role",
    "role_instance",
  ]),
  quantum_role_build_info: gauge("1; which build an instance that beats runs.", "info", [
    "role",
    "role_instance",
    "version",
    "git",
  ]),
  quantum_mode_info: gauge("1; trading mode and fingerprint of the account that are recorded.", "info", [
    "mode",
    "account",
  ]),
  quantum_exchange_credentials_ok: gauge(
    "1: the venue takes the role's credentials; absent for a role that has not said.",
    "bool",
    ["role"],
  ),
  quantum_drill_age_seconds: gauge("Since the last good drill; +Inf when there has been none.", "seconds"),
  quantum_drill_failed: gauge("1: the newest drill failed.", "bool"),

  quantum_telemetry_collector_success: own(
    "gauge",
    "1: the collector understood what it read at the last sample.",
    "bool",
    ["collector"],
  ),
  quantum_telemetry_collector_duration_seconds: own(
    "gauge",
    "From the sample's round trip to the collector's values, its share of the work alone.",
    "seconds",
    ["collector"],
  ),
  quantum_telemetry_sample_duration_seconds: own("gauge", "Length of the last sample.", "seconds"),
  quantum_telemetry_last_sample_timestamp_seconds: own(
    "gauge",
    "When Redis was last sampled successfully, epoch seconds; 0 never.",
    "epoch_seconds",
  ),
  quantum_telemetry_sample_interval_seconds: own("gauge", "SAMPLE_INTERVAL_SEC.", "seconds"),
  quantum_disk_free_bytes: own(
    "gauge",
    "Space that is left on the disk of the exporter's state folder; NaN when it cannot be asked.",
    "bytes",
  ),
  quantum_disk_size_bytes: own("gauge", "Size of that disk.", "bytes"),
  quantum_telemetry_status_viewers: own("gauge", "Open live views of the status page.", "count"),
} as const;

export type Catalogue = typeof CATALOGUE;
export type MetricName = keyof Catalogue;
/** The label names of a metric. */
export type LabelOf<Name extends MetricName> = Catalogue[Name]["labels"][number];
/** Metrics that collectors fill in from what they read. */
export type SampledName = {
  [Name in MetricName]: Catalogue[Name]["source"] extends "sample" ? Name : never;
}[MetricName];

/** What a value counts or measures. `bool` is 0 or 1, `info` is always 1. */
type Unit =
  | "bool"
  | "info"
  | "count"
  | "bytes"
  | "seconds"
  | "epoch_seconds"
  | "per_minute"
  | "entries"
  | "intents"
  | "orders"
  | "positions"
  | "trades";

function gauge<const Labels extends readonly string[] = readonly []>(
  help: string,
  unit: Unit,
  labels?: Labels,
) {
  return { type: "gauge", source: "sample", help, unit, labels: labels ?? [] } as const;
}

function counter<const Labels extends readonly string[] = readonly []>(
  help: string,
  unit: Unit,
  labels?: Labels,
) {
  return { type: "counter", source: "sample", help, unit, labels: labels ?? [] } as const;
}

function own<Type extends "gauge" | "counter", const Labels extends readonly string[] = readonly []>(
  type: Type,
  help: string,
  unit: Unit,
  labels?: Labels,
) {
  return { type, source: "process", help, unit, labels: labels ?? [] } as const;
}
