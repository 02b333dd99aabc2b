import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { metricsIn, ruleFiles, ruleGroups, shippedAlerts } from "./rule-files.ts";

const TESTS = readdirSync(import.meta.dir).filter((name) => name.endsWith(".test.yml"));

async function promtool(...args: string[]) {
  const child = Bun.spawn(["promtool", ...args], { stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { said: `${out}${err}`, code };
}

test("promtool accepts every rule file, without a complaint", async () => {
  const { said, code } = await promtool("check", "rules", "--lint=all", "--lint-fatal", ...ruleFiles());
  expect({ said, code }).toMatchObject({ code: 0 });
  expect(said).not.toMatch(/warning|duplicate/i);
});

test("promtool accepts the Prometheus configuration, rules included", async () => {
  const { said, code } = await promtool(
    "check",
    "config",
    join(ruleFiles()[0] ?? "", "../../prometheus.yml"),
  );
  expect({ said, code }).toMatchObject({ code: 0 });
  expect(said).toContain(`${ruleFiles().length} rule files found`);
});

test.each(TESTS)("promtool: every case of %s holds", async (name) => {
  const { said, code } = await promtool("test", "rules", join(import.meta.dir, name));
  expect(code === 0 ? "" : said).toBe("");
});

describe("the alerts the contract fixes", () => {
  test.each([
    ["QuantumSafeModeActive", "quantum_safety_safe_mode == 1", "1m", "critical"],
    ["QuantumTelemetryExporterDown", 'up{job="quantum_safety_telemetry"} == 0', "2m", "critical"],
    ["QuantumRedisConnectionLost", "quantum_safety_redis_up == 0", "1m", "critical"],
    ["QuantumSafetyFaultSpike", "job:quantum_safety_fault_events:new5m > 5", "3m", "warning"],
  ])("%s stands in the group quantum_safety, evaluated every 30 s", (alert, expr, hold, severity) => {
    const group = ruleGroups().find((one) => one.name === "quantum_safety");
    expect(group?.interval).toBe("30s");
    const rule = group?.rules.find((one) => one.alert === alert);
    expect(rule).toMatchObject({ expr, for: hold });
    expect(rule?.labels["severity"]).toBe(severity);
  });
});

const caseSchema = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      alert_rule_test: z
        .array(
          z.object({
            eval_time: z.string(),
            alertname: z.string(),
            exp_alerts: z.array(z.unknown()).optional(),
          }),
        )
        .default([]),
    }),
  ),
});

/** Not read from Redis, or about positions that nobody closes: the panic. */
const OWN = new Set([
  ...["up", "quantum_safety_redis_up", "quantum_panic_open_age_seconds"],
  ...["quantum_emergency_panic_age_seconds", "quantum_emergency_journal_unwritten"],
  ...["quantum_watchdog_positions", "quantum_watchdog_brain_healthy"],
  ...["quantum_telemetry_collector_success", "quantum_disk_free_bytes", "quantum_disk_size_bytes"],
  ...[
    "quantum_router_entries_lost_total",
    "quantum_execution_entries_lost_total",
    "quantum_audit_lost_total",
  ],
  ...["quantum_router_state_lost_total", "quantum_execution_state_lost_total"],
  ...["quantum_exit_brain_plans_adopted_total", "quantum_emergency_panics_total"],
  ...["quantum_audit_missing_lines", "quantum_audit_write_failures_total"],
  ...["quantum_emergency_issuer_clock_off_total", "quantum_emergency_dust_positions"],
  "quantum_emergency_positions_after_flat_total",
  ...["quantum_telemetry_last_sample_timestamp_seconds", "quantum_telemetry_sample_interval_seconds"],
]);

/** For every alert: what is expected of it at each moment, case by case. */
function expectations(alert: string): readonly (readonly boolean[])[] {
  const cases = TESTS.flatMap(
    (name) => caseSchema.parse(Bun.YAML.parse(readFileSync(join(import.meta.dir, name), "utf8"))).tests,
  );
  return cases
    .map((one) => one.alert_rule_test.filter((check) => check.alertname === alert))
    .filter((checks) => checks.length > 0)
    .map((checks) => checks.map((check) => (check.exp_alerts ?? []).length > 0));
}

describe.each(shippedAlerts())("$alert", ({ alert, expr, labels, annotations }) => {
  test("is tested: it fires, it does not fire when it must not, it resolves", () => {
    const cases = expectations(alert);
    const resolves = cases.some((fires) => fires.includes(true) && fires.at(-1) === false);
    const staysQuiet = cases.some((fires) => !fires.includes(true));
    expect({ resolves, staysQuiet }).toEqual({ resolves: true, staysQuiet: true });
  });

  test("says how bad, what, with numbers, and what to do", () => {
    expect(["critical", "warning"]).toContain(labels["severity"] ?? "");
    expect(annotations["summary"]?.length ?? 0).toBeGreaterThan(10);
    expect(annotations["description"]?.length ?? 0).toBeGreaterThan(40);
    expect(annotations["runbook"]).toMatch(/^docs\/operations\.md#quantum[a-z]+$/);
  });

  test("is muted with Redis exactly when it is read from Redis, and no panic is due", () => {
    const ownWords = alert === "QuantumWatchdogLostVenue" || metricsIn(expr).every((name) => OWN.has(name));
    expect(labels["reads"]).toBe(ownWords ? undefined : "redis");
  });
});

test("every recorded series that a rule reads is recorded by one", () => {
  const rules = ruleGroups().flatMap((group) => group.rules);
  const recorded = new Set(rules.flatMap((rule) => rule.record ?? []));
  const read = rules.flatMap((rule) => metricsIn(rule.expr)).filter((name) => name.startsWith("job:"));
  expect(read.filter((name) => !recorded.has(name))).toEqual([]);
});
