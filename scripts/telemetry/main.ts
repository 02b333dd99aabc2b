/**
 * What Prometheus, Grafana and the documents show, from what is written once:
 *
 *   bun scripts/telemetry/main.ts dashboards           write the generated JSON
 *   bun scripts/telemetry/main.ts dashboards --check   fail when it is out of date
 *   bun scripts/telemetry/main.ts prometheus DIR [N]   prometheus.yml and rules into DIR; with N every interval
 *                                                      and hold divided by it, for a rehearsal
 *   bun scripts/telemetry/main.ts screenshots [--binaries DIR]   docs/images/status-*.png, of a real stack in Chromium
 *   bun scripts/telemetry/main.ts rehearsal [N] [--binaries DIR]  the demonstration with a real Prometheus: the breaker
 *                                                      trips, its alert goes pending, fires, resolves; N as above
 *
 * Binaries are built into dist/ unless a folder that has them is given.
 */
import { join } from "node:path";
import { writeDashboards } from "./dashboard-json.ts";
import { writePrometheusFiles } from "./prometheus-files.ts";
import { rehearseAlert } from "./rehearsal.ts";
import { takeScreenshots } from "./screenshots.ts";

const ROOT = join(import.meta.dir, "..", "..");
const ROLES = [
  ...["paper-exchange", "ai-strategy-router", "execution"],
  ...["exit-brain", "exit-brain-watchdog", "emergency-exit-worker", "safety-telemetry"],
];

const say = (line: string) => void process.stdout.write(`${line}\n`);

function givenBinaries(args: readonly string[]): string | undefined {
  return args.includes("--binaries") ? args[args.indexOf("--binaries") + 1] : undefined;
}

async function binariesFrom(args: readonly string[]): Promise<string> {
  const given = givenBinaries(args);
  if (given !== undefined) return given;
  const child = Bun.spawn(["bun", "scripts/build.ts", ...ROLES], {
    cwd: ROOT,
    stdout: "inherit",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error("the build failed");
  return join(ROOT, "dist");
}

async function main([command, ...rest]: readonly string[]): Promise<number> {
  if (command === "dashboards") {
    const stale = writeDashboards(rest.includes("--check"));
    if (stale.length === 0) return 0;
    process.stderr.write(`out of date, or not generated: ${stale.join(", ")}\n`);
    return 1;
  }
  if (command === "screenshots") {
    await takeScreenshots({ folder: join(ROOT, "docs/images"), binaries: await binariesFrom(rest), say });
    return 0;
  }
  if (command === "rehearsal") {
    const hurry = /^[1-9]\d?$/.test(rest[0] ?? "") ? Number(rest[0]) : 1;
    await rehearseAlert({ hurry, binaries: givenBinaries(rest), say });
    return 0;
  }
  const [folder, divisor = "1"] = rest;
  if (command === "prometheus" && folder !== undefined && /^[1-9]\d*$/.test(divisor)) {
    writePrometheusFiles(folder, { divisor: Number(divisor) });
    return 0;
  }
  process.stderr.write(
    "usage: main.ts dashboards [--check] | prometheus DIR [N] | rehearsal [N] [--binaries DIR] | screenshots [--binaries DIR]\n",
  );
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
