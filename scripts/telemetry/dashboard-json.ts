import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dashboardFiles } from "../../lib/telemetry/dashboards/dashboard-files.ts";

const ROOT = join(import.meta.dir, "..", "..");
const JSON_FOLDER = join(ROOT, "lib/telemetry/dashboards/json");

/** The repository's formatter decides on line breaks, so that generated files pass it. */
function formatted(text: string): string {
  const biome = Bun.spawnSync(["bunx", "biome", "format", "--stdin-file-path=dashboard.json"], {
    cwd: ROOT,
    stdin: Buffer.from(text),
  });
  if (biome.exitCode !== 0) throw new Error(`biome did not format: ${biome.stderr.toString()}`);
  return biome.stdout.toString();
}

/** Writes the dashboards, or with `check` only compares; the names of files that are out of date or not generated. */
export function writeDashboards(check: boolean): readonly string[] {
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
