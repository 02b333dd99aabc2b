import { expect, test } from "bun:test";
import { CATALOGUE } from "../../../lib/telemetry/catalogue.ts";
import { dashboardFiles } from "../../../lib/telemetry/dashboards/dashboard-files.ts";
import { expressionsIn } from "../../support/dashboard-expressions.ts";
import { roleMetrics } from "./role-metrics.ts";
import { metricsIn, ruleGroups } from "./rule-files.ts";

const rules = ruleGroups().flatMap((group) => group.rules);
const recorded = new Set(rules.flatMap((rule) => rule.record ?? []));
const declared = new Set<string>(Object.keys(CATALOGUE));
const known = (name: string) => name === "up" || declared.has(name) || recorded.has(name);

/** Label names that stand in selectors, groupings and templates of ours. */
const PROMETHEUS_LABELS = ["job", "instance", "environment", "severity", "__name__"];
const labels = new Set<string>([
  ...PROMETHEUS_LABELS,
  ...Object.values(CATALOGUE).flatMap((metric) => [...metric.labels]),
]);

const ofRoles = roleMetrics();

test("every metric that a rule reads, or names in its text, is the exporter's, a role's own, or recorded", () => {
  const texts = rules.flatMap((rule) => [rule.expr, ...Object.values(rule.annotations)]);
  // Text quotes queries: there the names are inside the quotes.
  const named = texts.flatMap((text) => metricsIn(text.replaceAll(/["']/g, " ")));
  const jobs = new Set(["quantum_safety_telemetry", "quantum_roles"]);
  expect(named.length).toBeGreaterThan(rules.length);
  expect([...new Set(named)].filter((name) => !known(name) && !ofRoles.has(name) && !jobs.has(name))).toEqual(
    [],
  );
});

test("every metric of a dashboard is declared in the catalogue or recorded", () => {
  const named = dashboardFiles().flatMap((file) => expressionsIn(file.content).flatMap(metricsIn));
  expect(named.length).toBeGreaterThan(30);
  expect([...new Set(named)].filter((name) => !known(name))).toEqual([]);
});

test("every label that a rule or dashboard groups by is one a metric has", () => {
  const expressions = [
    ...rules.map((rule) => rule.expr),
    ...dashboardFiles().flatMap((file) => expressionsIn(file.content)),
  ];
  const used = expressions.flatMap((expression) =>
    [...expression.matchAll(/\b(?:by|without|on|group_left) \(([^)]*)\)/g)].flatMap(([, list]) =>
      (list ?? "").split(/,\s*/).filter((label) => label !== ""),
    ),
  );
  expect(used.length).toBeGreaterThan(20);
  expect([...new Set(used)].filter((label) => !labels.has(label))).toEqual([]);
});

test("every label that an annotation shows is one a metric has", () => {
  const shown = rules.flatMap((rule) =>
    Object.values(rule.annotations).flatMap((text) =>
      [...text.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label ?? ""),
    ),
  );
  expect(shown.length).toBeGreaterThan(5);
  expect(shown.filter((label) => !labels.has(label))).toEqual([]);
});
