import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

export const RULES_FOLDER = join(import.meta.dir, "../../../lib/telemetry/prometheus/rules");

const ruleSchema = z.object({
  alert: z.string().optional(),
  record: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});
const fileSchema = z.object({
  groups: z.array(z.object({ name: z.string(), interval: z.string(), rules: z.array(ruleSchema) })),
});

/** Every shipped rule file by its path. */
export function ruleFiles(): readonly string[] {
  return readdirSync(RULES_FOLDER).map((name) => join(RULES_FOLDER, name));
}

/** Every shipped group of rules. */
export function ruleGroups() {
  return ruleFiles().flatMap((path) => fileSchema.parse(Bun.YAML.parse(readFileSync(path, "utf8"))).groups);
}

/** Every shipped alert. */
export function shippedAlerts() {
  return ruleGroups().flatMap((group) =>
    group.rules.flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }])),
  );
}

/** The metrics an expression reads: every name that begins like one of ours, and is no function or label. */
export function metricsIn(expression: string): readonly string[] {
  const withoutStrings = expression.replaceAll(/"[^"]*"|'[^']*'/g, "");
  return [...withoutStrings.matchAll(/\b(?:quantum_\w+|job:\w+:\w+|up)\b/g)].map(([name]) => name);
}
