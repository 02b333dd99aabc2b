import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { ROLES } from "../../../lib/contract/roles.ts";
import { shortenRules } from "../../../scripts/telemetry/shorten-rules.ts";
import { ruleFiles } from "./rule-files.ts";

const path = join(import.meta.dir, "../../../lib/telemetry/prometheus/prometheus.yml");
const config = z
  .looseObject({
    scrape_configs: z.array(z.unknown()),
    alerting: z.unknown(),
    rule_files: z.array(z.string()),
  })
  .parse(Bun.YAML.parse(readFileSync(path, "utf8")));

test("the scrape job is the contract's, on the exporter's port", () => {
  expect(config.scrape_configs[0]).toEqual({
    job_name: "quantum_safety_telemetry",
    scrape_interval: "15s",
    scrape_timeout: "10s",
    static_configs: [
      {
        targets: [`127.0.0.1:${ROLES["safety-telemetry"].adminPort}`],
        labels: {
          service: "safety-telemetry",
          component: "quantum-trader",
          environment: "production",
        },
      },
    ],
  });
  expect(config.rule_files).toEqual(["rules/*.yml"]);
});

test("every other role with an admin server is scraped on its port, under its name", () => {
  const job = rolesJobSchema.parse(config.scrape_configs[1]);
  const scraped = job.static_configs.map(({ targets, labels }) => [labels.role, ...targets]);
  const others = Object.entries(ROLES).filter(
    ([role, { adminPort }]) =>
      adminPort !== undefined && role !== "safety-telemetry" && role !== "paper-exchange",
  );
  expect(scraped.toSorted()).toEqual(
    others.map(([role, { adminPort }]) => [role, `127.0.0.1:${adminPort}`]).toSorted(),
  );
  expect(new Set(job.static_configs.map(({ labels }) => labels.environment))).toEqual(
    new Set(["production"]),
  );
  expect(config.scrape_configs.length).toBe(2);
});

const rolesJobSchema = z.object({
  job_name: z.literal("quantum_roles"),
  scrape_interval: z.literal("15s"),
  scrape_timeout: z.literal("5s"),
  static_configs: z.array(
    z.object({
      targets: z.tuple([z.string()]),
      labels: z.object({
        role: z.string(),
        component: z.literal("quantum-trader"),
        environment: z.string(),
      }),
    }),
  ),
});

const files = ruleFiles().map((file) => [basename(file), file] as const);
test.each(files)("a rehearsal of %s shortens intervals and holds, and nothing else", (_name, file) => {
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n");
  const shortened = shortenRules(text, 30).split("\n");
  const changed = lines.flatMap((line, at) => (line === shortened[at] ? [] : [line]));
  expect(shortened.length).toBe(lines.length);
  expect(changed.length).toBeGreaterThan(1);
  expect(changed.filter((line) => !/^\s+(?:interval|for): \d+[smh]$/.test(line))).toEqual([]);
  const held = /^\s+for: 1m$/m.test(text);
  if (held) expect(shortened.some((line) => /^\s+for: 2s$/.test(line))).toBe(true);
});

test.each([
  ["    for: 1m", "    for: 2s"],
  ["    interval: 30s", "    interval: 1s"],
  ["    for: 1h", "    for: 120s"],
  ["    interval: 5s", "    interval: 1s"],
])("%p becomes %p when divided by 30", (line, expected) => expect(shortenRules(line, 30)).toBe(expected));
