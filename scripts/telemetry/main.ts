/**
 * What Prometheus and Grafana read, from what is written once:
 *
 *   bun scripts/telemetry/main.ts dashboards           write the generated JSON
 *   bun scripts/telemetry/main.ts dashboards --check   fail when it is out of date
 *   bun scripts/telemetry/main.ts prometheus DIR [N]   prometheus.yml and rules into DIR; with N every interval
 *                                                      and hold divided by it, for a rehearsal
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dashboardFiles } from "../../lib/telemetry/dashboards/dashboard-files.ts";
import { shortenRules } from "./shorten-rules.ts";

const ROOT = join(import.meta.dir, "..", "..");
const JSON_FOLDER = join(ROOT, "lib/telemetry/dashboards/json");
const PROMETHEUS_FOLDER = join(ROOT, "lib/telemetry/prometheus");

/** The repository's formatter decides on line breaks, so that generated files pass it. */
function formatted(text: string): string {
  const biome = Bun.spawnSync(["bunx", "biome", "format", "--stdin-file-path=dashboard.json"], {
    cwd: ROOT,
    stdin: Buffer.from(text),
  });
  if (biome.exitCode !== 0) throw new Error(`biome did not format: ${biome.stderr.toString()}`);
  return biome.stdout.toString();
}

function writeDashboards(check: boolean): readonly string[] {
  const stale: string[] = [];
  const names = new Set<string>();
  for (const { name, content } of dashboardFiles()) {
    names.add(name);
    const path = join(JSON_FOLDER, name);
    const text = formatted(JSON.stringify(content, null, 2));
    if (!check) writeFileSync(path, text);
    else if (!readdirSync(JSON_FOLDER).includes(name) || readFileSync(path, "utf8") !== text)
      stale.push(name);
  }
  return [...stale, ...readdirSync(JSON_FOLDER).filter((name) => !names.has(name))];
}

function writePrometheus(folder: string, divisor: number): void {
  const shorten = (text: string) => (divisor === 1 ? text : shortenRules(text, divisor));
  mkdirSync(join(folder, "rules"), { recursive: true });
  const copy = (name: string, change: (text: string) => string) =>
    writeFileSync(join(folder, name), change(readFileSync(join(PROMETHEUS_FOLDER, name), "utf8")));
  for (const name of readdirSync(join(PROMETHEUS_FOLDER, "rules"))) copy(join("rules", name), shorten);
  copy("prometheus.yml", (text) =>
    divisor === 1
      ? text
      : text.replaceAll(/(scrape_interval|scrape_timeout|evaluation_interval): .*/g, "$1: 1s"),
  );
}

function main([command, ...rest]: readonly string[]): number {
  if (command === "dashboards") {
    const stale = writeDashboards(rest.includes("--check"));
    if (stale.length === 0) return 0;
    process.stderr.write(`out of date, or not generated: ${stale.join(", ")}\n`);
    return 1;
  }
  const [folder, divisor = "1"] = rest;
  if (command === "prometheus" && folder !== undefined && /^[1-9]\d*$/.test(divisor)) {
    writePrometheus(folder, Number(divisor));
    return 0;
  }
  process.stderr.write("usage: main.ts dashboards [--check] | prometheus DIR [DIVISOR]\n");
  return 2;
}

process.exitCode = main(process.argv.slice(2));
