import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PrometheusChange, writePrometheusFiles } from "../../../scripts/telemetry/prometheus-files.ts";

const SHIPPED = join(import.meta.dir, "../../../lib/telemetry/prometheus/prometheus.yml");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quantum-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function written(change?: PrometheusChange): string {
  writePrometheusFiles(folder, change);
  return readFileSync(join(folder, "prometheus.yml"), "utf8");
}

test("without a change the files are the shipped ones", () => {
  expect(written()).toBe(readFileSync(SHIPPED, "utf8"));
});

test("with a divisor every interval is a second, and jobs and targets are as they were", () => {
  const text = written({ divisor: 30 });
  expect(text.match(/(?:interval|timeout): (?!1s)/g)).toBeNull();
  expect(text).toContain("127.0.0.1:9105");
});

test("exporter, Alertmanager and every role are looked for where they are", () => {
  const text = written({ exporter: "h:1", alertmanager: "h:2", roleAddress: (role) => `${role}:3` });
  expect(text).toContain("targets: ['h:1']");
  expect(text).toContain("targets: ['h:2']");
  expect([...text.matchAll(/targets: \['([\w-]+):3'\]\s+labels: \{ role: \1,/g)]).toHaveLength(6);
  expect(text).not.toMatch(/'127\.0\.0\.1:\d+'/);
});

test("without an Alertmanager nobody is told, and the rest still parses", () => {
  const text = written({ alertmanager: undefined });
  expect(text).not.toContain("9093");
  expect(Bun.YAML.parse(text)).toMatchObject({ rule_files: ["rules/*.yml"], global: {} });
  expect(Bun.YAML.parse(text)).not.toHaveProperty("alerting");
});
