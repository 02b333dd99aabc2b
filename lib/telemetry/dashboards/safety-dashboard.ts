import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as GaugePanelBuilder } from "@grafana/grafana-foundation-sdk/gauge";
import { type AnyPanel, dashboardOf, sized } from "./dashboard-of.ts";
import { metric } from "./metric.ts";
import { DATASOURCE, valueQuery } from "./query.ts";
import { seriesPanel } from "./series-panel.ts";
import { lastValue, statPanel, thresholdsOf, wordsFor } from "./stat-panel.ts";
import { tablePanel } from "./table-panel.ts";

/** Stable: links and bookmarks of operators hold it. */
export const SAFETY_DASHBOARD_UID = "quantum-safety-p1";

function safeMode(): AnyPanel {
  return statPanel({
    title: "Safe mode",
    description: "ON: the circuit breaker is open, entries are denied, exits pass.",
    queries: { "": `max(${metric("quantum_safety_safe_mode")})` },
    colours: ["green", [1, "red"]],
    words: { "0": ["OFF", "green"], "1": ["ON", "red"] },
  });
}

function safeModeTtl(): AnyPanel {
  return new GaugePanelBuilder()
    .title("Safe mode TTL")
    .description("Seconds until safe mode ends by itself; −1: an operator set it without an end, −2: off.")
    .datasource(DATASOURCE)
    .withTarget(valueQuery(`max(${metric("quantum_safety_safe_mode_ttl_seconds")})`).refId("A"))
    .reduceOptions(lastValue())
    .unit("s")
    .min(0)
    .max(300)
    .thresholds(thresholdsOf(["green", [1, "orange"], [240, "red"]]))
    .mappings([wordsFor({ "-1": ["NO END", "red"], "-2": ["OFF", "green"] })])
    .noValue("no data");
}

function faultStats(): readonly AnyPanel[] {
  return [
    statPanel({
      title: "Fault stream length",
      description: "Entries in the fault stream, which is trimmed to about 1000.",
      queries: { "": `max(${metric("quantum_safety_fault_stream_length")})` },
      colours: ["blue"],
    }),
    statPanel({
      title: "Faults, last hour",
      description: "Fault events of the last 60 minutes.",
      queries: { "": `max(${metric("quantum_safety_faults_last_1h")})` },
      colours: ["green", [10, "yellow"], [50, "red"]],
    }),
  ];
}

function intents(): readonly AnyPanel[] {
  return [
    seriesPanel({
      title: "Trade intent rate",
      description: "Published intents a minute, from the stream's entries-added.",
      queries: { "intents a minute": `max(${metric("quantum_trade_intent_rate_per_min")})` },
      unit: "short",
    }),
    seriesPanel({
      title: "Trade intent stream length",
      description: "Entries in the intent stream. Its retention is 10 000 once everything is acknowledged.",
      queries: { entries: `max(${metric("quantum_trade_intent_stream_length")})` },
      unit: "short",
    }),
  ];
}

function globalRate(): AnyPanel {
  return statPanel({
    title: "Global safety rate, current window",
    description: "Intents in the current bucket; more than 20 in a window trip safe mode.",
    queries: { "": `max(${metric("quantum_safety_rate_global_current_window")})` },
    colours: ["green", [15, "yellow"], [20, "red"]],
  });
}

function lastFault(): AnyPanel {
  return tablePanel({
    title: "Last fault",
    description: "The newest event of the fault stream.",
    expression:
      `max by (reason, symbol, side) (${metric("quantum_safety_last_fault_info")} * on (job, instance) group_left () ` +
      `${metric("quantum_safety_last_fault_timestamp")}) * 1000`,
    columns: { reason: "Reason", symbol: "Symbol", side: "Side" },
    value: { heading: "Time", unit: "dateTimeAsIso" },
    noValue: "no fault yet",
  });
}

function topSymbols(): AnyPanel {
  return tablePanel({
    title: "Top 5 symbols",
    description: "Symbols with the most intents in the current window; more than 5 trip safe mode.",
    expression: `max by (rank, symbol) (${metric("quantum_safety_rate_symbol_top")})`,
    columns: { rank: "Rank", symbol: "Symbol" },
    value: { heading: "Count", unit: "none" },
    sortBy: { heading: "Rank", descending: false },
    noValue: "no intents in this window",
  });
}

function exporter(): readonly AnyPanel[] {
  return [
    statPanel({
      title: "Redis",
      description: "LOST: the exporter cannot read Redis; every other value is the last one it saw.",
      queries: { "": `min(${metric("quantum_safety_redis_up")})` },
      colours: ["red", [1, "green"]],
      words: { "0": ["LOST", "red"], "1": ["CONNECTED", "green"] },
    }),
    statPanel({
      title: "Exporter scrapes and errors",
      description: "Since the exporter started.",
      queries: {
        scrapes: `sum(${metric("quantum_safety_exporter_scrapes_total")})`,
        errors: `sum(${metric("quantum_safety_exporter_errors_total")})`,
      },
      colours: ["blue"],
    }),
  ];
}

/** Closed until somebody looks for the cause. */
function faultsInDetail(): readonly AnyPanel[] {
  return [
    seriesPanel({
      title: "New faults in 5 minutes",
      description: "By symbol and reason. While safe mode stands, refusals are summarised.",
      queries: { "{{symbol}} {{reason}}": "sum by (symbol, reason) (job:quantum_safety_faults:new5m)" },
      unit: "short",
    }),
    tablePanel({
      title: "Faults ever counted",
      description: "From counters that survive restarts and the trimming of the stream.",
      expression: `sum by (symbol, reason) (${metric("quantum_safety_faults_total")})`,
      columns: { symbol: "Symbol", reason: "Reason" },
      value: { heading: "Faults", unit: "none" },
      sortBy: { heading: "Faults", descending: true },
      noValue: "no fault yet",
    }),
  ];
}

/** "Quantum Safety Telemetry (P1)": eleven panels, and a row of detail below them. */
export function safetyDashboard(): Dashboard {
  return dashboardOf({
    uid: SAFETY_DASHBOARD_UID,
    title: "Quantum Safety Telemetry (P1)",
    description: "Circuit breaker, faults and rates. Entries fail closed; exits are never held back.",
    panels: [
      ...sized(6, 5, [safeMode(), safeModeTtl(), ...faultStats()]),
      ...sized(12, 8, intents()),
      ...sized(6, 7, [globalRate()]),
      ...sized(9, 7, [lastFault(), topSymbols()]),
      ...sized(12, 4, exporter()),
    ],
    details: { "Faults by symbol and reason": sized(12, 9, faultsInDetail()) },
  });
}
