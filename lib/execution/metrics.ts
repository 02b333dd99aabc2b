import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { ExecutionObserver } from "./execution-parts.ts";

/** Execution's own metrics; what must survive a restart is in its statistics hash instead. */
export function createExecutionMetrics(registry: Registry) {
  const registers = [registry];
  const results = new Counter({
    name: "quantum_execution_results_total",
    help: "Intents by how they ended.",
    labelNames: ["kind", "state", "reason"],
    registers,
  });
  const wouldHold = new Counter({
    name: "quantum_execution_gate_would_hold_total",
    help: "Entries that a profit gate in audit mode let pass.",
    labelNames: ["reason"],
    registers,
  });
  const venue = new Counter({
    name: "quantum_execution_venue_faults_total",
    help: "Answers of the venue other than success, by outcome class.",
    labelNames: ["class", "row"],
    registers,
  });
  const latency = new Histogram({
    name: "quantum_execution_decision_to_order_seconds",
    help: "From the decision's timestamp to the order request.",
    labelNames: ["kind"],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30, 300],
    registers,
  });
  const failures = new Counter({
    name: "quantum_execution_handler_failures_total",
    help: "Times the handling of an intent threw something other than a Redis error.",
    registers,
  });
  const lost = new Counter({
    name: "quantum_execution_entries_lost_total",
    help: "Intents that were trimmed while pending: nobody can read them any more.",
    registers,
  });
  const stateLost = new Counter({
    name: "quantum_execution_state_lost_total",
    help: "Times an intent stream or its group vanished under execution.",
    registers,
  });
  const gatesEnforced = new Gauge({
    name: "quantum_execution_gates_enforced",
    help: "1: the profit gates hold entries; 0: they only say what they would have held.",
    registers,
  });
  const stops = new Counter({
    name: "quantum_execution_protective_stops_total",
    help: "Entries by what became of their position's stop at the venue.",
    labelNames: ["outcome"],
    registers,
  });
  const stopsMissing = new Gauge({
    name: "quantum_execution_protective_stops_missing",
    help: "Positions whose stop does not rest at the venue although it should.",
    registers,
  });
  const observer: ExecutionObserver = {
    ended: (kind, ending) =>
      results.inc({ kind, state: ending.state, reason: "reason" in ending ? ending.reason : "" }),
    wouldHold: (reason) => wouldHold.inc({ reason }),
    stop: (outcome) => stops.inc({ outcome }),
    venueOutcome: (outcome) => venue.inc({ class: outcome.class, row: outcome.row }),
    orderSent: (kind, sinceDecisionMs) => latency.observe({ kind }, Math.max(0, sinceDecisionMs) / 1000),
    failed: () => failures.inc(),
  };
  return { observer, lost, stateLost, gatesEnforced, stopsMissing };
}
