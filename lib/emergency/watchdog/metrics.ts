import { Counter, Gauge, type Registry } from "prom-client";
import { PANIC_REASONS, type PanicReason } from "../../contract/panic.ts";
import type { PositionsView } from "./positions-view.ts";
import { WATCH_STATES, type WatchState } from "./watch-states.ts";

/** What the metrics are read from at every scrape. */
export interface WatchFigures {
  state(): WatchState;
  heartbeatAgeMs(): number | undefined;
  positions(): PositionsView;
  redisSilentMs(): number;
  venueSilentMs(): number;
  latched(): boolean;
  brainHealthy(): boolean | undefined;
}

/** The watchdog's own metrics; gauges are read when they are asked for. */
export function createWatchdogMetrics(registry: Registry, figures: WatchFigures) {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read());
      },
    });
  new Gauge({
    name: "quantum_watchdog_state",
    help: "1 for the state the watchdog is in.",
    labelNames: ["state"],
    registers,
    collect() {
      for (const state of WATCH_STATES) this.set({ state }, state === figures.state() ? 1 : 0);
    },
  });
  gauge(
    "quantum_watchdog_heartbeat_age_seconds",
    "Age of the exit brain's last heartbeat by the watchdog's clock; -1: none was received.",
    () => seconds(figures.heartbeatAgeMs()),
  );
  gauge(
    "quantum_watchdog_positions",
    "Open positions by the watchdog's own reads; -1: not known, there may be some.",
    () => countOf(figures.positions()),
  );
  gauge("quantum_watchdog_redis_silent_seconds", "Since Redis last answered the heartbeat reader.", () =>
    seconds(figures.redisSilentMs()),
  );
  gauge("quantum_watchdog_venue_silent_seconds", "Since the venue last answered more than a limit.", () =>
    seconds(figures.venueSilentMs()),
  );
  gauge("quantum_watchdog_latched", "1 while a failure is latched that has panicked.", () =>
    figures.latched() ? 1 : 0,
  );
  gauge(
    "quantum_watchdog_brain_healthy",
    "1 while the exit brain's own HTTP answer is healthy, looked at every 10 s; -1: not asked yet.",
    () => flag(figures.brainHealthy()),
  );
  const panics = new Counter({
    name: "quantum_watchdog_panics_total",
    help: "Panics called by this process, by reason.",
    labelNames: ["reason"],
    registers,
  });
  for (const reason of Object.keys(PANIC_REASONS)) panics.inc({ reason }, 0);
  const malformed = new Counter({
    name: "quantum_watchdog_malformed_heartbeats_total",
    help: "Entries of the heartbeat stream that are no heartbeat.",
    registers,
  });
  return { called: (reason: PanicReason) => panics.inc({ reason }), malformed: () => malformed.inc() };
}

const seconds = (ms: number | undefined): number => (ms === undefined ? -1 : ms / 1000);

const flag = (is: boolean | undefined): number => (is === undefined ? -1 : is ? 1 : 0);

function countOf(view: PositionsView): number {
  if (view.kind === "flat") return 0;
  return view.kind === "open" ? view.count : -1;
}
