import { Counter, type Registry } from "prom-client";
import type { AdmissionRequest, AdmissionVerdict } from "../kernel/admit.ts";

/** The router's own metrics; what must survive a restart is in its statistics hash instead. */
export function createRouterMetrics(registry: Registry) {
  /** Not given to the counter yet: finding a series by its labels costs more than counting, so it is done at a scrape. */
  const uncounted = new Map<string, Map<string, number>>();
  new Counter({
    name: "quantum_router_verdicts_total",
    help: "Decisions by verdict; reason is empty unless denied.",
    labelNames: ["verdict", "reason"],
    registers: [registry],
    collect() {
      for (const [verdict, reasons] of uncounted) {
        for (const [reason, count] of reasons) this.inc({ verdict, reason }, count);
      }
      uncounted.clear();
    },
  });
  const lost = new Counter({
    name: "quantum_router_entries_lost_total",
    help: "Decisions that were trimmed while pending: nobody can read them any more.",
    registers: [registry],
  });
  const stateLost = new Counter({
    name: "quantum_router_state_lost_total",
    help: "Times the decision stream or its group vanished under the router.",
    registers: [registry],
  });
  return {
    lost,
    stateLost,
    observe: (_request: AdmissionRequest, verdict: AdmissionVerdict) => {
      const reason = verdict.kind === "DENIED" ? verdict.reason : "";
      const reasons = uncounted.get(verdict.kind) ?? new Map<string, number>();
      uncounted.set(verdict.kind, reasons.set(reason, (reasons.get(reason) ?? 0) + 1));
    },
  };
}
