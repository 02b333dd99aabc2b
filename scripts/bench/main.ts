/**
 * `bun run bench`: measures, prints a line a finding, and ends what it started (options.ts).
 *
 * An aim that is not met is printed and is no failure: on a busy machine it says little. A benchmark that cannot be
 * measured is one (exit 1, nothing written). QUANTUM_BINARIES names a folder with binaries that were built elsewhere;
 * without it dist/ is built first.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandLine } from "../command-line.ts";
import { svgPlot } from "../plot/svg-plot.ts";
import type { Benchmark } from "./benchmark.ts";
import { BENCHMARKS } from "./benchmarks.ts";
import { readBenchOptions, USAGE } from "./options.ts";
import { findingLine } from "./report/finding-lines.ts";
import { describeMachine } from "./report/machine.ts";
import { type Measured, markdownReport } from "./report/markdown-report.ts";
import { plotsOf } from "./report/ratio-plot.ts";
import { type Effort, openWorkbench } from "./workbench.ts";

const ROOT = join(import.meta.dir, "..", "..");
const DOCS = join(ROOT, "docs");
const BUILT = [
  ...["ai-strategy-router", "execution", "paper-exchange", "safety-telemetry", "audit-logger"],
  ...["exit-brain", "exit-brain-watchdog", "emergency-exit-worker"],
];

/** As a shell reports a program that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** The folder with the binaries, built now unless they come from elsewhere. */
async function binaries(): Promise<string> {
  const elsewhere = Bun.env["QUANTUM_BINARIES"];
  if (elsewhere !== undefined) return elsewhere;
  const child = Bun.spawn(["bun", join(ROOT, "scripts", "build.ts"), ...BUILT], {
    cwd: ROOT,
    stdout: "ignore",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error("the build failed");
  return join(ROOT, "dist");
}

interface Where {
  readonly folder: string;
  readonly binaries: string;
  readonly effort: Effort;
}

async function measure(benchmark: Benchmark, where: Where): Promise<Measured> {
  say(`\n${benchmark.title}`);
  const from = performance.now();
  await using bench = openWorkbench({ ...where, folder: join(where.folder, benchmark.name) });
  const interrupted = async () => {
    await bench[Symbol.asyncDispose]();
    rmSync(where.folder, { recursive: true, force: true });
    process.exit(EXIT_INTERRUPTED);
  };
  const onSignal = () => void interrupted();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  const result = await benchmark.run(bench);
  const measurement = "findings" in result ? result : { findings: result };
  process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  for (const finding of measurement.findings) {
    const { what, value, ratio, aim, verdict } = findingLine(finding);
    say(
      `  ${what.padEnd(56)} ${value.padEnd(44)} ${ratio.padEnd(40)} ${aim.padEnd(10)} ${verdict}`.trimEnd(),
    );
  }
  say(`  took ${Math.round((performance.now() - from) / 1000)} s`);
  return { benchmark, ...measurement };
}

/** One that cannot be measured is said, and the others go on; nothing is written then. */
function failed(error: unknown): undefined {
  say(`  FAILED: ${Bun.inspect(error)}`);
}

async function writeReport(report: Parameters<typeof markdownReport>[0]): Promise<void> {
  for (const { name, spec } of report.measured.flatMap(plotsOf)) {
    await Bun.write(join(DOCS, "plots", `${name}.svg`), await svgPlot(spec));
  }
  await Bun.write(join(DOCS, "performance.md"), markdownReport(report));
  say("\nwrote docs/performance.md and docs/plots");
}

async function main(): Promise<void> {
  const { list, benchmarks, effort, write } = commandLine(USAGE, readBenchOptions);
  if (list) {
    for (const { name, title } of BENCHMARKS) say(`${name.padEnd(12)} ${title}`);
    return;
  }
  const machine = await describeMachine();
  for (const [name, value] of machine) say(`${name.padEnd(12)} ${value}`);
  const folder = mkdtempSync(join(tmpdir(), "quantum-bench-"));
  const measured: Measured[] = [];
  try {
    const where = { folder, binaries: await binaries(), effort };
    for (const benchmark of benchmarks) {
      const one = await measure(benchmark, where).catch(failed);
      if (one !== undefined) measured.push(one);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (measured.length < benchmarks.length) {
    process.exitCode = 1;
    return;
  }
  const date = new Date().toISOString().slice(0, 10);
  if (write) await writeReport({ machine, date, measured });
}

await main();
