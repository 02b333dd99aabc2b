import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type MonitoringServer, startAlertmanager } from "../../../scripts/telemetry/monitoring-server.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { shippedAlerts } from "../../unit/telemetry-rules/rule-files.ts";

const SHIPPED = join(import.meta.dir, "../../../lib/telemetry/prometheus");
const CONFIG = readFileSync(join(SHIPPED, "alertmanager.yml"), "utf8");

let folder = "";
let manager: MonitoringServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-inhibition-"));
  await mkdir(join(folder, "alertmanager_templates"));
  const template = readFileSync(join(SHIPPED, "quantum.tmpl"));
  await writeFile(join(folder, "alertmanager_templates", "quantum.tmpl"), template);
  await writeFile(join(folder, "alertmanager.yml"), CONFIG);
  manager = await startAlertmanager(join(folder, "alertmanager.yml"));
}, 120_000);
afterAll(async () => {
  await manager?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** As Prometheus sends it: with the labels of the shipped rule, and those of its series. */
function alertOf(alertname: string, labels: Readonly<Record<string, string>>) {
  const rule = shippedAlerts().find((one) => one.alert === alertname);
  if (rule === undefined) throw new Error(`no rule makes the alert ${alertname}`);
  const startsAt = new Date(Date.now() - 60_000).toISOString();
  return { labels: { alertname, instance: "i", ...rule.labels, ...labels }, annotations: {}, startsAt };
}

const listSchema = z.array(
  z.object({ labels: z.record(z.string(), z.string()), status: z.object({ state: z.string() }) }),
);

/** Names of the alerts of one environment that Alertmanager holds back, once it has looked at all of them. */
async function mutedIn(environment: string, count: number): Promise<readonly string[]> {
  const list = async () => {
    const filter = encodeURIComponent(`environment="${environment}"`);
    const answer = await fetch(`${manager.url}/api/v2/alerts?inhibited=true&filter=${filter}`);
    const alerts = listSchema.parse(await answer.json());
    const seen = alerts.length === count && alerts.every(({ status }) => status.state !== "unprocessed");
    return seen ? alerts : undefined;
  };
  const alerts = await waitUntil("Alertmanager looked at them", list, { deadlineMs: 60_000, everyMs: 50 });
  return alerts
    .filter(({ status }) => status.state === "suppressed")
    .map(({ labels }) => `${labels["alertname"]}${labels["role"] === undefined ? "" : ` ${labels["role"]}`}`)
    .toSorted();
}

interface Case {
  readonly source: string;
  readonly role?: string;
  readonly muted: readonly string[];
  readonly told: readonly string[];
}

const CASES: readonly Case[] = [
  {
    source: "QuantumRedisConnectionLost",
    muted: ["QuantumSafeModeActive", "QuantumWatchdogLostRedis", "QuantumLagHigh", "QuantumTradingHalted"],
    told: ["QuantumPanicNotCompleted", "QuantumWatchdogCannotReadPositions", "QuantumWatchdogLostVenue"],
  },
  {
    source: "QuantumTelemetryExporterDown",
    muted: ["QuantumSafeModeActive", "QuantumTradingHalted"],
    told: ["QuantumPanicNotCompleted", "QuantumGuardUnreachable"],
  },
  {
    source: "QuantumSafeModeActive",
    muted: ["QuantumSafetyFaultSpike", "QuantumSafeModeBudgetBurnFast", "QuantumSafeModeBudgetBurnSlow"],
    told: ["QuantumFailOpenHappened", "QuantumLagHigh"],
  },
  {
    source: "QuantumExitBrainHeartbeatMissing",
    muted: ["QuantumExitBrainDegraded"],
    told: ["QuantumTradingHalted"],
  },
  {
    source: "QuantumGuardUnreachable",
    role: "execution",
    muted: ["QuantumExecutionDown execution", "QuantumRoleUnreachable execution"],
    told: ["QuantumWatchdogDown exit-brain-watchdog", "QuantumRoleUnreachable audit-logger"],
  },
];

describe("in a real Alertmanager", () => {
  test.each(CASES)("$source mutes what it explains, and nothing else", async (one) => {
    const { source, role, muted, told } = one;
    const environment = `of-${source}`;
    const post = async (entries: readonly string[], place: string) => {
      const alerts = entries.map((entry) => {
        const [name = "", of] = entry.split(" ");
        return alertOf(name, { environment: place, ...(of === undefined ? {} : { role: of }) });
      });
      const answer = await fetch(`${manager.url}/api/v2/alerts`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(alerts),
      });
      expect(answer.status).toBe(200);
    };
    await post([...muted, ...told], `${environment}-elsewhere`);
    await post([role === undefined ? source : `${source} ${role}`, ...muted, ...told], environment);
    const all = 1 + muted.length + told.length;
    const explained = async () => (await mutedIn(environment, all)).length >= muted.length;
    await waitUntil("what is explained is muted", explained, { deadlineMs: 60_000, everyMs: 50 });
    expect(await mutedIn(environment, all)).toEqual(muted.toSorted());
    expect(await mutedIn(`${environment}-elsewhere`, muted.length + told.length)).not.toEqual(
      muted.toSorted(),
    );
  });
});

const ruleSchema = z.object({
  source_matchers: z.array(z.string()),
  target_matchers: z.array(z.string()),
  equal: z.array(z.string()),
});
const inhibitions = z
  .object({ inhibit_rules: z.array(ruleSchema) })
  .parse(Bun.YAML.parse(CONFIG)).inhibit_rules;

test("every inhibition is tried above", () => {
  const sources = inhibitions.map(({ source_matchers: [source = ""] }) => /"(\w+)"/.exec(source)?.[1]);
  expect(sources.toSorted()).toEqual(CASES.map(({ source }) => source).toSorted());
});

test("every alert that an inhibition or a route names is one of the shipped rules", () => {
  // The unit's own alarm goes to Alertmanager without Prometheus: systemd/quantum-alarm.sh.
  const shipped = [...shippedAlerts().map(({ alert }) => alert), "QuantumUnitFailed"];
  const named = [...CONFIG.matchAll(/Quantum\w+(\.\*)?/g)];
  expect(named.length).toBeGreaterThan(10);
  const unknown = named.filter(([name, open]) =>
    open === undefined ? !shipped.includes(name) : !shipped.some((one) => one.startsWith(name.slice(0, -2))),
  );
  expect(unknown.map(([name]) => name)).toEqual([]);
});
