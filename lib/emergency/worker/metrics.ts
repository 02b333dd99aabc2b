import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { STATISTICS } from "../../contract/statistics.ts";
import type { PanicExecutorObserver } from "./panic-executor.ts";
import type { PanicRunParts } from "./panic-run.ts";

/** What happened, told where it happens; the worker's metrics and statistics are made of it. */
export interface WorkerObserver extends PanicExecutorObserver {
  orderEnded: PanicRunParts["observe"]["orderEnded"];
  refused(reason: string): void;
  probed(ok: boolean): void;
  positionAfterFlat(): void;
}

interface Looks {
  halted(): boolean;
  /** When the panic that runs was accepted, epoch ms; undefined while none runs. */
  runningSinceMs(): number | undefined;
  waitingForRedis(): number;
  unwritten(): number;
  dustPositions(): number;
  nowMs(): number;
}

/** `count` keeps what must survive a restart. */
export function createWorkerMetrics(
  registry: Registry,
  looks: Looks,
  count: (field: string) => void,
): WorkerObserver {
  const registers = [registry];
  const panics = new Counter({
    name: "quantum_emergency_panics_total",
    help: "Panics by how they ended; failed is said once after 10 s, flat may follow.",
    labelNames: ["status"],
    registers,
  });
  // There from the start: the first one is an increase, too.
  panics.inc({ status: "refused" }, 0);
  const accepted = new Counter({
    name: "quantum_emergency_panics_accepted_total",
    help: "Panics accepted, by the way they came and whether they joined a run.",
    labelNames: ["via", "kind"],
    registers,
  });
  const refused = new Counter({
    name: "quantum_emergency_panics_refused_total",
    help: "Calls that were not obeyed, by reason.",
    labelNames: ["reason"],
    registers,
  });
  const timeToFlat = new Histogram({
    name: "quantum_emergency_time_to_flat_seconds",
    help: "From acceptance to the first of the readings that showed no position.",
    buckets: [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 300],
    registers,
  });
  const orders = new Counter({
    name: "quantum_emergency_orders_total",
    help: "Closing orders by the venue's answer.",
    labelNames: ["outcome"],
    registers,
  });
  const clockOff = new Counter({
    name: "quantum_emergency_issuer_clock_off_total",
    help: "Panics whose ts differed from our clock by more than 5 s.",
    registers,
  });
  const afterFlat = new Counter({
    name: "quantum_emergency_positions_after_flat_total",
    help: "Positions that showed within 30 s after a panic had ended flat, while its halt stood.",
    registers,
  });
  const probes = new Counter({
    name: "quantum_emergency_probes_total",
    help: "Authenticated probes of the venue.",
    labelNames: ["ok"],
    registers,
  });
  const lastProbe = new Gauge({
    name: "quantum_emergency_last_good_probe_timestamp_seconds",
    help: "When the venue last took our credentials; 0 never.",
    registers,
  });
  addLooks(registers, looks);
  return {
    accepted: (via, kind) => accepted.inc({ via, kind }),
    completed: ({ status }) => {
      panics.inc({ status });
      count(STATISTICS.panicEnded(status));
    },
    refused: (reason) => {
      panics.inc({ status: "refused" });
      refused.inc({ reason });
      count(STATISTICS.panicEnded("refused"));
    },
    timeToFlat: (ms) => timeToFlat.observe(ms / 1000),
    issuerClockOff: () => clockOff.inc(),
    positionAfterFlat: () => afterFlat.inc(),
    orderEnded: (outcome) => {
      orders.inc({ outcome });
      count(STATISTICS.closingOrder(outcome));
    },
    probed: (ok) => {
      probes.inc({ ok: String(ok) });
      if (ok) lastProbe.set(looks.nowMs() / 1000);
    },
  };
}

function addLooks(registers: Registry[], looks: Looks): void {
  const gauge = (name: string, help: string, look: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(look());
      },
    });
  gauge("quantum_emergency_halted", "1 while entries are halted, by halt file or journal.", () =>
    looks.halted() ? 1 : 0,
  );
  gauge("quantum_emergency_panic_running", "1 while a panic runs.", () =>
    looks.runningSinceMs() === undefined ? 0 : 1,
  );
  // Also without Redis, from where the exporter reads how old an open panic is.
  gauge("quantum_emergency_panic_age_seconds", "Age of the panic that runs; 0 while none does.", () => {
    const nowMs = looks.nowMs();
    return Math.max(0, nowMs - (looks.runningSinceMs() ?? nowMs)) / 1000;
  });
  gauge(
    "quantum_emergency_waiting_for_redis",
    "Halts and completions that Redis has not taken yet.",
    looks.waitingForRedis,
  );
  gauge(
    "quantum_emergency_journal_unwritten",
    "Records that the disk did not take in time, since the start.",
    looks.unwritten,
  );
  gauge(
    "quantum_emergency_dust_positions",
    "Open positions under the venue's smallest order, as last read while no panic ran.",
    looks.dustPositions,
  );
}
