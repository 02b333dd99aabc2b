import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { type AnyPanel, dashboardOf, sized } from "./dashboard-of.ts";
import { metric } from "./metric.ts";
import { seriesPanel } from "./series-panel.ts";
import { statPanel } from "./stat-panel.ts";
import { tablePanel } from "./table-panel.ts";

/** Stable: links and bookmarks of operators hold it. */
export const PIPELINE_DASHBOARD_UID = "quantum-pipeline";

const NO_YES = { "0": ["NO", "green"], "1": ["YES", "red"] } as const;

function emergencyState(): readonly AnyPanel[] {
  return [
    statPanel({
      title: "Halted",
      description: "A panic halted trading; an operator has to clear it.",
      queries: { "": `max(${metric("quantum_trading_halted")})` },
      colours: ["green", [1, "red"]],
      words: NO_YES,
    }),
    statPanel({
      title: "Kill switch",
      description: "Engaged: no entry is admitted.",
      queries: { "": `max(${metric("quantum_kill_switch_engaged")})` },
      colours: ["green", [1, "red"]],
      words: { "0": ["ARMED", "green"], "1": ["ENGAGED", "red"] },
    }),
    statPanel({
      title: "Panic under way",
      description: "Age of the oldest panic without a flat completion; 15 s is the limit.",
      queries: { "": `max(${metric("quantum_panic_open_age_seconds")})` },
      colours: ["green", [0.001, "orange"], [15, "red"]],
      unit: "s",
    }),
    statPanel({
      title: "Watchdog",
      description: "The state in which the exit brain's watchdog is.",
      queries: { "{{state}}": `max by (state) (${metric("quantum_watchdog_state")} == 1)` },
      colours: ["blue"],
    }),
    statPanel({
      title: "Since the last drill",
      description: "At most 35 days.",
      queries: { "": `min(${metric("quantum_drill_age_seconds")})` },
      colours: ["green", [30 * 86_400, "yellow"], [35 * 86_400, "red"]],
      unit: "s",
    }),
    statPanel({
      title: "Safe-mode budget left",
      description: "Of the 1 % of 5-minute windows that safe mode may take in 30 days.",
      queries: { "": "min(job:quantum_safe_mode_budget:remaining)" },
      colours: ["red", [0, "orange"], [0.25, "green"]],
      unit: "percentunit",
    }),
  ];
}

function heartbeat(): AnyPanel {
  return seriesPanel({
    title: "Exit brain: age of the last heartbeat",
    description: "One a second is due. Unguarded positions: 3 s, missing: 5 s. Sampled every 15 s.",
    queries: { age: `max(${metric("quantum_exit_brain_heartbeat_age_seconds")})` },
    unit: "s",
    limits: ["green", [3, "orange"], [5, "red"]],
  });
}

function positions(): AnyPanel {
  return seriesPanel({
    title: "Open positions",
    description: "As the exit brain counts them; and those whose protective stop does not rest at the venue.",
    queries: {
      open: `max(${metric("quantum_open_positions")})`,
      "without their stop": `max(${metric("quantum_positions_without_stop")})`,
    },
    unit: "short",
  });
}

function rolesUp(): AnyPanel {
  return statPanel({
    title: "Roles",
    description: "Whether the role wrote its role key in the last 30 s.",
    queries: { "{{role}}": `max by (role) (${metric("quantum_role_up")})` },
    colours: ["red", [1, "green"]],
    words: { "0": ["DOWN", "red"], "1": ["UP", "green"] },
  });
}

function groups(): readonly AnyPanel[] {
  const legend = "{{stream}} → {{group}}";
  return [
    seriesPanel({
      title: "Unread entries (lag)",
      description: "By stream and group. At 1000 unread or unacknowledged intents the router refuses.",
      queries: { [legend]: `max by (stream, group) (${metric("quantum_stream_group_lag")})` },
      unit: "short",
      limits: ["green", [100, "orange"]],
    }),
    seriesPanel({
      title: "Entries being worked on (pending)",
      description: "Delivered and not acknowledged.",
      queries: { [legend]: `max by (stream, group) (${metric("quantum_stream_group_pending")})` },
      unit: "short",
    }),
    seriesPanel({
      title: "Age of the oldest pending entry",
      description: "Over 60 s a living consumer should have taken it over.",
      queries: {
        [legend]: `max by (stream, group) (${metric("quantum_stream_group_oldest_pending_age_seconds")})`,
      },
      unit: "s",
      limits: ["green", [60, "red"]],
    }),
    statPanel({
      title: "Unknown lag · trimmed unread",
      description: "Groups whose lag Redis cannot tell, and entries that were trimmed before they were read.",
      queries: {
        "lag unknown": `sum(${metric("quantum_stream_group_lag_unknown")})`,
        "trimmed unread": `sum(${metric("quantum_stream_group_trimmed_unread")})`,
      },
      colours: ["green", [1, "red"]],
    }),
  ];
}

function outcomes(): readonly AnyPanel[] {
  return [
    seriesPanel({
      title: "Denied decisions a minute",
      description: "By the router's reasons.",
      queries: {
        "{{reason}}": `sum by (reason) (rate(${metric("quantum_denials_total")}[$__rate_interval])) * 60`,
      },
      unit: "short",
    }),
    seriesPanel({
      title: "Held by a profit gate, a minute",
      description: "Intents that a gate held.",
      queries: {
        "{{gate}}": `sum by (gate) (rate(${metric("quantum_holds_total")}[$__rate_interval])) * 60`,
      },
      unit: "short",
    }),
    seriesPanel({
      title: "Results a minute",
      description: "By outcome. Every intent that is consumed ends in exactly one.",
      queries: {
        "{{outcome}}": `sum by (outcome) (rate(${metric("quantum_orders_total")}[$__rate_interval])) * 60`,
      },
      unit: "short",
    }),
    seriesPanel({
      title: "Orders in doubt",
      description: "Sent and not settled; and the age of the oldest, at most 60 s.",
      queries: {
        orders: `max(${metric("quantum_orders_in_doubt")})`,
        "oldest, seconds": `max(${metric("quantum_orders_in_doubt_oldest_age_seconds")})`,
      },
      unit: "short",
    }),
    seriesPanel({
      title: "Trades today",
      description: "Accepted intents of this UTC day, and the governor's limit.",
      queries: {
        used: `max(${metric("quantum_daily_trades_used")})`,
        limit: `max(${metric("quantum_daily_trades_limit")})`,
      },
      unit: "short",
    }),
    statPanel({
      title: "Judged without the shared counters (fail open)",
      description: "Since counting began; each one is alarmed.",
      queries: { "": `sum(${metric("quantum_fail_open_total")})` },
      colours: ["green", [1, "orange"]],
    }),
  ];
}

function processes(): readonly AnyPanel[] {
  return [
    tablePanel({
      title: "Builds",
      description: "One git revision everywhere, but for the minutes of an upgrade.",
      expression: `max by (role, version, git) (${metric("quantum_role_build_info")})`,
      columns: { role: "Role", version: "Version", git: "Git" },
      value: { heading: "Instances", unit: "none" },
      sortBy: { heading: "Role", descending: false },
    }),
    tablePanel({
      title: "Mode and account",
      description: "What the venue's account is, by its fingerprint.",
      expression: `max by (mode, account) (${metric("quantum_mode_info")})`,
      columns: { mode: "Mode", account: "Account" },
      value: { heading: "Recorded", unit: "none" },
    }),
    seriesPanel({
      title: "Restarts in an hour",
      description: "By role; more than 3 in 10 minutes alarm.",
      queries: { "{{role}}": `sum by (role) (increase(${metric("quantum_role_restarts_total")}[1h]))` },
      unit: "short",
    }),
  ];
}

/** The trading path and the emergency exit, the worst first. */
export function pipelineDashboard(): Dashboard {
  return dashboardOf({
    uid: PIPELINE_DASHBOARD_UID,
    title: "Quantum Pipeline and Emergency Exit",
    description: "From decision to result, and what stands ready to close everything.",
    panels: [
      ...sized(4, 4, emergencyState()),
      ...sized(8, 7, [heartbeat(), positions(), rolesUp()]),
      ...sized(12, 7, groups()),
      ...sized(8, 7, outcomes()),
    ],
    details: { "Builds, mode, restarts": sized(8, 8, processes()) },
  });
}
