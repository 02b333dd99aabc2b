import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { ADOPTION_REASONS } from "./decide-position.ts";
import { DEGRADATIONS, type Degradation } from "./decide-status.ts";

/** What one cycle came to, for metrics and /v1. */
export interface CycleReport {
  /** Epoch ms of its end. */
  readonly ts: number;
  readonly cycleMs: number;
  readonly latencyMs: number;
  readonly positions: number;
  /** Open positions that are known to have no stop at the venue. */
  readonly withoutStop: number;
  readonly status: "ALIVE" | "DEGRADED";
  readonly degraded: readonly Degradation[];
}

/** Where numbers go; what must survive a restart is in the statistics hash besides. */
export interface ExitObserver {
  cycle(report: CycleReport): void;
  exit(rule: string): void;
  adopted(why: string): void;
  stop(act: "placed" | "cancelled" | "missing" | "refused"): void;
  closed(): void;
  /** An intent's order had its first fill. */
  begun(): void;
}

/** The exit brain's own metrics. */
export function createExitMetrics(registry: Registry): ExitObserver {
  const registers = [registry];
  const cycles = new Histogram({
    name: "quantum_exit_brain_cycle_seconds",
    help: "Length of a completed cycle.",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  const positions = new Gauge({
    name: "quantum_exit_brain_positions",
    help: "Open positions, as the venue says.",
    registers,
  });
  const withoutStop = new Gauge({
    name: "quantum_exit_brain_positions_without_stop",
    help: "Open positions that are known to have no stop that rests at the venue.",
    registers,
  });
  const degraded = new Gauge({
    name: "quantum_exit_brain_degraded",
    help: "1 while the reason degrades the exit brain.",
    labelNames: ["reason"],
    registers,
  });
  const exits = new Counter({
    name: "quantum_exit_brain_exits_total",
    help: "Exit intents handed over, by rule.",
    labelNames: ["rule"],
    registers,
  });
  const adopted = new Counter({
    name: "quantum_exit_brain_plans_adopted_total",
    help: "Plans the exit brain had to make or restore, by reason: each is an alarm.",
    labelNames: ["why"],
    registers,
  });
  // There from the start: the first one of a kind is an increase, too.
  for (const why of ADOPTION_REASONS) adopted.inc({ why }, 0);
  const stops = new Counter({
    name: "quantum_exit_brain_protective_stops_total",
    help: "Resting stops placed, cancelled, found missing (an alarm) and refused by the venue.",
    labelNames: ["act"],
    registers,
  });
  const closed = new Counter({
    name: "quantum_exit_brain_positions_closed_total",
    help: "Positions seen at zero.",
    registers,
  });
  const begun = new Counter({
    name: "quantum_exit_brain_intent_orders_total",
    help: "Orders of intents that the venue began to fill, as its user-data stream tells.",
    registers,
  });
  return {
    cycle: (report) => {
      cycles.observe(report.cycleMs / 1000);
      positions.set(report.positions);
      withoutStop.set(report.withoutStop);
      const applies: ReadonlySet<string> = new Set(report.degraded);
      for (const reason of Object.keys(DEGRADATIONS)) degraded.set({ reason }, applies.has(reason) ? 1 : 0);
    },
    exit: (rule) => exits.inc({ rule }),
    adopted: (why) => adopted.inc({ why }),
    stop: (act) => stops.inc({ act }),
    closed: () => closed.inc(),
    begun: () => begun.inc(),
  };
}
