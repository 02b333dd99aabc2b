import { Counter, Gauge, type Registry } from "prom-client";

/** The role's own metrics. `headSeq` is asked at every scrape. */
export function createAuditMetrics(registry: Registry, headSeq: () => number) {
  const registers = [registry];
  new Gauge({
    ...{ name: "quantum_audit_last_line", help: "Number of the chain's last line.", registers },
    collect() {
      this.set(headSeq());
    },
  });
  return {
    lines: new Counter({
      ...{ name: "quantum_audit_lines_total", help: "Lines written.", labelNames: ["stream"], registers },
    }),
    missing: new Gauge({
      name: "quantum_audit_missing_lines",
      help: "Lines that Redis remembers and the files did not have at the start: somebody cut them.",
      registers,
    }),
    lost: new Counter({
      name: "quantum_audit_lost_total",
      help: "Entries that were trimmed before they were recorded.",
      ...{ labelNames: ["stream"], registers },
    }),
    failures: new Counter({
      ...{ name: "quantum_audit_write_failures_total", help: "Pages that the disk did not take.", registers },
    }),
  };
}
