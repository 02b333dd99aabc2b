import { readdirSync } from "node:fs";
import { Counter, Gauge, type Registry } from "prom-client";
import type { BuildIdentity } from "./build-identity.ts";

/** The library's default metrics are half untrue on this runtime; these are read from the kernel. */
export function collectProcess(
  registry: Registry,
  process_: { readonly role: string; readonly build: BuildIdentity; readonly startedAtMs: number },
): { stop(): void } {
  const registers = [registry];
  new Counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent, seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  gauge(registers, "process_resident_memory_bytes", "Resident memory, bytes.", () =>
    process.memoryUsage.rss(),
  );
  gauge(registers, "process_open_fds", "Open file descriptors.", () => readdirSync("/proc/self/fd").length);
  const started = process_.startedAtMs / 1000;
  gauge(registers, "process_start_time_seconds", "Start of the process, epoch seconds.", () => started);
  const delay = watchEventLoop();
  gauge(
    registers,
    "quantum_event_loop_delay_seconds",
    "Longest delay of the event loop since the last scrape, seconds.",
    delay.takeMaxSeconds,
  );
  new Gauge({
    name: "quantum_build_info",
    help: "1; the labels say which build runs.",
    labelNames: ["role", "version", "git"],
    registers,
  }).set({ role: process_.role, version: process_.build.version, git: process_.build.git }, 1);
  return { stop: delay.stop };
}

function gauge(registers: Registry[], name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read());
    },
  });
}

const SAMPLE_EVERY_MS = 250;

/** How late a timer fires; four wake-ups a second. */
function watchEventLoop() {
  let maxMs = 0;
  let due = performance.now() + SAMPLE_EVERY_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    maxMs = Math.max(maxMs, now - due);
    due = now + SAMPLE_EVERY_MS;
  }, SAMPLE_EVERY_MS);
  timer.unref();
  return {
    stop: () => clearInterval(timer),
    takeMaxSeconds() {
      // A delay that still lasts counts too.
      const seconds = Math.max(maxMs, performance.now() - due, 0) / 1000;
      maxMs = 0;
      return seconds;
    },
  };
}
