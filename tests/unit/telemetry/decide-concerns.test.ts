import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import { createCollectors } from "../../../lib/telemetry/collectors.ts";
import { createMetricBoard } from "../../../lib/telemetry/metric-board.ts";
import { decideConcerns } from "../../../lib/telemetry/status/decide-concerns.ts";
import { type StatusView, statusView } from "../../../lib/telemetry/status/status-view.ts";
import { KERNEL_LIMITS } from "../../support/kernel-limits.ts";

const NOW_MS = 1_795_000_000_000;

/** Everything well: read a moment ago, drilled yesterday. */
function well(change: Partial<StatusView> = {}): StatusView {
  const view = statusView({
    collectors: createCollectors(createMetricBoard(new Registry()), () => 0),
    ...{
      limits: KERNEL_LIMITS,
      mode: "PAPER",
      build: { version: "1", git: "a" },
      redis: { up: true, detail: "ready" },
    },
    ...{ sampledMs: NOW_MS, nowMs: NOW_MS },
  });
  return { ...view, last_drill_ms: NOW_MS - 86_400_000, ...change };
}

const group = {
  ...{ stream: "s", group: "g", lag: 0, pending: 0, oldestPendingSec: 0, trimmedUnread: 0, miscounted: 0 },
  ...{ missing: false, intents: false },
};

test("nothing is said when all is well", () => {
  expect(decideConcerns(well())).toEqual([]);
});

test.each<[string, Partial<StatusView>, "critical" | "warning"]>([
  ["Redis is lost", { redis: { up: false, detail: "down" } }, "critical"],
  ["Safe mode is on", { safe_mode: { on: true, ttl_sec: 12 } }, "critical"],
  ["The kill switch is engaged", { kill_switch: { engaged: true } }, "warning"],
  [
    "The exit brain does not beat",
    { heartbeat: { atMs: 1, ageSec: 5.1, status: "ALIVE", positions: 1 } },
    "critical",
  ],
  ["degraded", { heartbeat: { atMs: 1, ageSec: 0, status: "DEGRADED", positions: 1 } }, "critical"],
  ["has never beaten", { heartbeat: { atMs: undefined } }, "critical"],
  ["Without a protective stop", { stops_missing: { count: 1, positions: [] } }, "critical"],
  [
    "in doubt",
    { orders_in_doubt: { count: 1, oldest: [{ intentId: "i", atMs: 0, ageSec: 61 }] } },
    "critical",
  ],
  [
    "Not running: execution",
    { roles: { up: [{ role: "execution", alive: false }], instances: [] } },
    "warning",
  ],
  [
    "exit-brain-watchdog",
    { roles: { up: [{ role: "exit-brain-watchdog", alive: false }], instances: [] } },
    "critical",
  ],
  ["No drill", { last_drill_ms: null }, "warning"],
  ["drill of the emergency exit failed", { drill_failed: true }, "critical"],
  ["Lag unknown", { groups: [{ ...group, lag: undefined }] }, "warning"],
  ["Trimmed unread", { groups: [{ ...group, trimmedUnread: 2 }] }, "critical"],
  [
    "not finished for over a minute",
    { groups: [{ ...group, pending: 1, oldestPendingSec: 61 }] },
    "critical",
  ],
  ["The backlog is full", { backlog: { now: 1000, limit: 1000 } }, "critical"],
  ["Recorded mode LIVE", { mode: { configured: "PAPER", recorded: "LIVE", account: null } }, "critical"],
  ["Not understood: faults", { failing_collectors: [{ name: "faults", failure: "WRONGTYPE" }] }, "warning"],
])("%s", (words, change, severity) => {
  const [concern, ...others] = decideConcerns(well(change));
  expect(concern?.text).toContain(words);
  expect(concern?.severity).toBe(severity);
  expect(others).toEqual([]);
});

test("what is critical comes first", () => {
  const concerns = decideConcerns(well({ last_drill_ms: null, safe_mode: { on: true, ttl_sec: -1 } }));
  expect(concerns.map(({ severity }) => severity)).toEqual(["critical", "warning"]);
});
